#!/usr/bin/env node
// A second verifier, in another language and without packages: it shares no line of code with the product.
//
//   node verify.mjs receipt RECEIPT JWKS [JOURNAL...]   a receipt by its public keys; with a journal, that the journal holds it
//   node verify.mjs journal JOURNAL...                  the chain of a journal's lines, files in order, and what each nonce commits to
//   node verify.mjs keccak                              Keccak-256 of standard input
//
// Prints one line of JSON. Exits with 0 when everything holds, 1 when something doesn't, 2 for wrong use.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keccak256 } from './keccak.mjs';

const TYPE = 'smart-proxy-receipt+jws';
const LINE_FEED = 0x0a;

class Flaw extends Error {}

function expect(condition, message) {
  if (!condition) throw new Flaw(message);
}

function parse(bytes, what) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Flaw(`${what} is not JSON`);
  }
}

const sha256 = bytes => createHash('sha256').update(bytes).digest();

// Base64url has one text for each value: decoding and encoding again must give the same.
function decode(text) {
  const bytes = Buffer.from(text, 'base64url');
  expect(bytes.toString('base64url') === text, 'a part is not canonical base64url');
  return bytes;
}

function thumbprint(jwk) {
  return sha256(`{"crv":"${jwk.crv}","kty":"${jwk.kty}","x":"${jwk.x}","y":"${jwk.y}"}`).toString('base64url');
}

function verifyReceipt(jws, jwks) {
  const parts = jws.trim().split('.');
  expect(parts.length === 3, 'expected three parts joined by points');
  const [header, payload, signature] = parts.map(decode);

  const head = parse(header, 'the header');
  expect(Object.keys(head).sort().join() === 'alg,kid,typ', 'expected alg, kid and typ in the header, and nothing else');
  expect(head.alg === 'ES256' && head.typ === TYPE, `expected ES256 and ${TYPE} in the header`);

  const jwk = jwks.keys.find(key => key.kid === head.kid && key.kty === 'EC' && key.crv === 'P-256');
  expect(jwk, `the key set has no P-256 key ${head.kid}`);
  expect(thumbprint(jwk) === jwk.kid, 'the key id is not the thumbprint of the key');

  const key = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, format: 'jwk' });
  const input = Buffer.from(`${parts[0]}.${parts[1]}`, 'ascii');
  expect(signature.length === 64 && verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature), 'the signature does not match');

  const receipt = parse(payload, 'the payload');
  expect(receipt.v === 1 && typeof receipt.id === 'string' && receipt.id.startsWith('rcpt_'), 'expected a receipt of version 1');
  const issued = Math.floor(Date.parse(receipt.issuedAt) / 1000);
  expect(issued >= jwk.nbf && (jwk.exp === undefined || issued <= jwk.exp), 'the key was not in use when the receipt says it was issued');

  const { decisionRecord: record, payment } = receipt;
  expect((record === undefined) === (payment.nonce === undefined), 'expected a decision record and a nonce, or neither');
  expect(record === undefined || `0x${keccak256(Buffer.from(record, 'utf8'))}` === payment.nonce, 'the nonce does not commit to the decision record');
  return receipt;
}

function* linesOf(files) {
  for (const file of files) {
    const bytes = readFileSync(file);
    let start = 0;
    while (start < bytes.length) {
      const end = bytes.indexOf(LINE_FEED, start);
      expect(end >= 0, `the last line of ${file} does not end in a line feed`);
      yield bytes.subarray(start, end);
      start = end + 1;
    }
  }
}

function verifyJournal(files) {
  const hashes = new Map();
  let [sequence, previous, reservations] = [0, '0'.repeat(64), 0];
  for (const bytes of linesOf(files)) {
    const line = parse(bytes, `line ${sequence + 1}`);
    sequence += 1;
    expect(line.seq === sequence, `expected line ${sequence}, found seq ${line.seq}`);
    expect(line.prev === previous, `line ${sequence} does not follow from the line before it`);
    if (line.type === 'reserved') {
      reservations += 1;
      const nonce = `0x${keccak256(Buffer.from(line.record, 'utf8'))}`;
      expect(line.authorization.nonce === nonce, `the nonce of line ${sequence} does not commit to its decision record`);
    }

    previous = sha256(bytes).toString('hex');
    hashes.set(sequence, previous);
  }

  return { hashes, summary: { lines: sequence, head: previous, reservations } };
}

function verifyHeld(receipt, hashes) {
  for (const [name, line] of Object.entries(receipt.ledger)) {
    expect(hashes.get(line.sequence) === line.hash, `the journal has another line ${line.sequence} than the receipt's ${name} line`);
  }
}

function run([command, ...args]) {
  if (command === 'receipt' && args.length >= 2) {
    const [file, jwks, ...journal] = args;
    const receipt = verifyReceipt(readFileSync(file, 'utf8'), parse(readFileSync(jwks), 'the key set'));
    if (journal.length > 0) verifyHeld(receipt, verifyJournal(journal).hashes);
    return { id: receipt.id, outcome: receipt.outcome };
  }

  if (command === 'journal' && args.length >= 1) return verifyJournal(args).summary;
  if (command === 'keccak' && args.length === 0) return { keccak256: keccak256(readFileSync(0)) };
  console.error('usage: verify.mjs receipt RECEIPT JWKS [JOURNAL...] | journal JOURNAL... | keccak');
  process.exit(2);
}

try {
  console.log(JSON.stringify({ ok: true, ...run(process.argv.slice(2)) }));
} catch (flaw) {
  console.log(JSON.stringify({ ok: false, flaw: flaw.message }));
  process.exitCode = 1;
}
