// Checks an unpacked evidence file: (1) its signed list of files, and that nothing is missing, more, or other; (2) the journal; (3) receipts, each
// by its signature and by its lines in the journal, and that none is missing; (4) the policies that judged, by hash; (5) the chain proofs against
// the journal; (6) the statement. What a chain itself shows is for you to compare: HOW-TO.txt says how.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { checkHeld, checkNonce, expect, linesOf, open, openReceipt, parse, sha256, verifyJournal } from './books.mjs';

const MANIFEST = 'manifest.jws';
const FIGURES = ['opening', 'in', 'settled', 'unexplained', 'closing', 'difference'];

// (1)
function openManifest(folder, jwks) {
  const manifest = open(readFileSync(join(folder, MANIFEST), 'latin1'), jwks, 'smart-proxy-manifest+jws');
  const listed = new Map(manifest.files.map(file => [file.name, file]));
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => relative(folder, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join('/'));
  for (const name of found) {
    if (name === MANIFEST) continue;
    const file = listed.get(name);
    expect(file, `${name} is not in the manifest`);
    const bytes = readFileSync(join(folder, name));
    expect(bytes.length === file.size && sha256(bytes).toString('hex') === file.sha256, `${name} is not the file that the manifest lists`);
    listed.delete(name);
  }

  expect(listed.size === 0, `missing: ${[...listed.keys()].join(', ')}`);
  return manifest;
}

// (2) A whole journal, or for a dispute the lines about one payment, which their hashes in the receipts hold together.
function readLines(folder, manifest) {
  const [lines, names] = [[], manifest.files.map(file => file.name)];
  if (names.includes('journal.jsonl')) {
    const { hashes, summary } = verifyJournal([join(folder, 'journal.jsonl')], line => lines.push(line));
    expect(summary.lines === manifest.journal.sequence && summary.head === manifest.journal.hash, 'the journal does not end where the manifest says');
    return { lines, hashes };
  }

  const hashes = new Map();
  for (const bytes of linesOf([join(folder, 'lines.jsonl')])) {
    const line = parse(bytes, 'a line');
    expect((line.payment ?? '') === manifest.payment, `line ${line.seq} is about another payment`);
    if (line.type === 'reserved') checkNonce(line);
    hashes.set(line.seq, sha256(bytes).toString('hex'));
    lines.push(line);
  }

  return { lines, hashes };
}

// (3)
function checkReceipts(folder, manifest, jwks, lines, hashes) {
  const receipts = manifest.files.filter(file => file.name.startsWith('receipts/')).map(file => {
    const receipt = openReceipt(readFileSync(join(folder, file.name), 'latin1').trim(), jwks);
    expect(file.name === `receipts/${receipt.id}.jws`, `${file.name} is the receipt ${receipt.id}`);
    checkHeld(receipt, hashes);
    return receipt;
  });
  const told = new Set(receipts.map(receipt => receipt.id.slice('rcpt_'.length).split('.')[0]));
  const outcomes = new Set(['settled', 'in_doubt', 'aborted', 'voided', 'proven', 'expired', 'refused']);
  for (const line of lines) {
    const isWanted = manifest.payment ? line.payment === manifest.payment : line.at >= manifest.from && line.at < manifest.until;
    if (isWanted && outcomes.has(line.type)) expect(told.has(line.payment), `the receipt of ${line.payment} is missing (line ${line.seq})`);
  }

  return receipts;
}

// (4)
function checkPolicies(folder, receipts) {
  for (const hash of new Set(receipts.map(receipt => receipt.decision.policyHash).filter(Boolean))) {
    const [text, registry] = [`policies/${hash.slice(2)}.json`, `policies/${hash.slice(2)}.registry.json`].map(name => readFileSync(join(folder, name)));
    expect(`0x${sha256(Buffer.concat([text, sha256(registry)])).toString('hex')}` === hash, `the text and registry of policy ${hash} do not hash to it`);
  }
}

// (5)
function checkProofs(folder, lines) {
  const proofs = parse(readFileSync(join(folder, 'proofs.json')), 'proofs.json').proofs;
  const bySequence = new Map(lines.map(line => [line.seq, line]));
  const reserved = new Map(lines.filter(line => line.type === 'reserved').map(line => [line.payment, line]));
  for (const proof of proofs) {
    const line = bySequence.get(proof.line);
    const authorization = reserved.get(proof.payment)?.authorization;
    expect(line && line.payment === proof.payment && line.type === (proof.used ? 'proven' : 'expired'), `line ${proof.line} is no such proof`);
    expect(line.proof.block === proof.block && line.proof.hash === proof.blockHash && line.proof.transaction === proof.transaction, `line ${proof.line} names another block`);
    expect(authorization && authorization.nonce === proof.nonce && authorization.value === proof.value, `the proof of ${proof.payment} is not of what was reserved`);
  }

  return proofs;
}

// (6)
const units = (account, name) => (account[name] === null ? null : BigInt(account[name]));

export function openStatement(jws, jwks) {
  const statement = open(jws, jwks, 'smart-proxy-statement+jws');
  for (const account of statement.accounts) {
    const [opening, came, settled, unexplained, closing, difference] = FIGURES.map(name => units(account, name));
    const isKnown = [opening, came, settled, unexplained, closing].every(figure => figure !== null);
    expect(isKnown ? closing - (opening + came - settled - unexplained) === difference : difference === null, `the sum of ${account.wallet} is not what it says`);
  }

  expect(statement.tiesOut === statement.accounts.every(account => account.difference === '0'), 'it does not tie out as it says');
  return statement;
}

export function verifyEvidence(folder, trusted) {
  const jwks = parse(readFileSync(trusted ?? join(folder, 'keys.json')), 'the key set');
  const manifest = openManifest(folder, jwks);
  const { lines, hashes } = readLines(folder, manifest);
  const receipts = checkReceipts(folder, manifest, jwks, lines, hashes);
  checkPolicies(folder, receipts);
  const proofs = checkProofs(folder, lines);
  const summary = { kind: manifest.kind, files: manifest.files.length, lines: lines.length, receipts: receipts.length, proofs: proofs.length, keys: trusted ? 'given' : 'of the folder itself: compare them with a copy from elsewhere' };
  if (manifest.kind !== 'evidence') return { ...summary, payment: manifest.payment };

  const statement = openStatement(readFileSync(join(folder, 'statement.jws'), 'latin1'), jwks);
  expect(hashes.get(statement.journal.sequence) === statement.journal.hash, 'the statement was made from another journal');
  expect(statement.month === manifest.month, 'the statement is of another month');
  return { ...summary, month: manifest.month, tiesOut: statement.tiesOut };
}
