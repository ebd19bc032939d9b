// Flips bytes of every file of an unpacked evidence folder, one at a time, and tells which flips the verifier did not notice.
//   node flip.mjs VERIFIER FOLDER FLIPS      FLIPS: how many places of each file, evenly spread and at both ends; 0 for every byte

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [verifier, folder, flips] = process.argv.slice(2);
const { verifyEvidence } = await import(join(verifier, 'evidence.mjs'));
const isNoticed = () => {
  try {
    verifyEvidence(folder);
    return false;
  } catch {
    return true;
  }
};

if (isNoticed()) throw new Error('the untouched folder does not verify');
let [tried, unnoticed] = [0, []];
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(file);
  const step = Number(flips) === 0 ? 1 : Math.max(1, Math.floor((bytes.length - 1) / Number(flips)));
  for (let at = 0; at < bytes.length; at += step) {
    const changed = Buffer.from(bytes);
    changed[at] ^= 1 << (at % 8);
    writeFileSync(file, changed);
    tried += 1;
    if (!isNoticed()) unnoticed.push(`${file} byte ${at}`);
  }

  writeFileSync(file, bytes);
}

console.log(JSON.stringify({ tried, unnoticed }));
