// What both kinds of verification share: our signed documents (compact JWS, ES256) and our journal (hash-chained JSON lines).

import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keccak256 } from './keccak.mjs';

const LINE_FEED = 0x0a;

export class Flaw extends Error {}

export function expect(condition, message) {
  if (!condition) throw new Flaw(message);
}

export function parse(bytes, what) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Flaw(`${what} is not JSON`);
  }
}

export const sha256 = bytes => createHash('sha256').update(bytes).digest();

// Base64url has one text for each value: decoding and encoding again must give the same.
function decode(text) {
  const bytes = Buffer.from(text, 'base64url');
  expect(bytes.toString('base64url') === text, 'a part is not canonical base64url');
  return bytes;
}

function thumbprint(jwk) {
  return sha256(`{"crv":"${jwk.crv}","kty":"${jwk.kty}","x":"${jwk.x}","y":"${jwk.y}"}`).toString('base64url');
}

/** The payload of a signed document of this type, signed by a key that was in use when it was issued. */
export function open(jws, jwks, type) {
  const parts = jws.split('.');
  expect(parts.length === 3, 'expected three parts joined by points');
  const [header, payload, signature] = parts.map(decode);

  const head = parse(header, 'the header');
  expect(Object.keys(head).sort().join() === 'alg,kid,typ', 'expected alg, kid and typ in the header, and nothing else');
  expect(head.alg === 'ES256' && head.typ === type, `expected ES256 and ${type} in the header`);

  const jwk = jwks.keys.find(key => key.kid === head.kid && key.kty === 'EC' && key.crv === 'P-256');
  expect(jwk, `the key set has no P-256 key ${head.kid}`);
  expect(thumbprint(jwk) === jwk.kid, 'the key id is not the thumbprint of the key');

  const key = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, format: 'jwk' });
  const input = Buffer.from(`${parts[0]}.${parts[1]}`, 'ascii');
  expect(signature.length === 64 && verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature), 'the signature does not match');

  const document = parse(payload, 'the payload');
  expect(document.v === 1, 'expected version 1');
  const issued = Math.floor(Date.parse(document.issuedAt) / 1000);
  expect(issued >= jwk.nbf && (jwk.exp === undefined || issued <= jwk.exp), 'the key was not in use when it says that it was issued');
  return document;
}

export function openReceipt(jws, jwks) {
  const receipt = open(jws, jwks, 'smart-proxy-receipt+jws');
  expect(typeof receipt.id === 'string' && receipt.id.startsWith('rcpt_'), 'expected a receipt');

  const { decisionRecord: record, payment } = receipt;
  expect((record === undefined) === (payment.nonce === undefined), 'expected a decision record and a nonce, or neither');
  expect(record === undefined || `0x${keccak256(Buffer.from(record, 'utf8'))}` === payment.nonce, 'the nonce does not commit to the decision record');
  return receipt;
}

export function* linesOf(files) {
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

export function checkNonce(line) {
  const nonce = `0x${keccak256(Buffer.from(line.record, 'utf8'))}`;
  expect(line.authorization.nonce === nonce, `the nonce of line ${line.seq} does not commit to its decision record`);
}

/** Checks the chain of all lines; shows each to `seen`; gives every line's hash by its number. */
export function verifyJournal(files, seen = () => {}) {
  const hashes = new Map();
  let [sequence, previous, reservations] = [0, '0'.repeat(64), 0];
  for (const bytes of linesOf(files)) {
    const line = parse(bytes, `line ${sequence + 1}`);
    sequence += 1;
    expect(line.seq === sequence, `expected line ${sequence}, found seq ${line.seq}`);
    expect(line.prev === previous, `line ${sequence} does not follow from the line before it`);
    if (line.type === 'reserved') {
      reservations += 1;
      checkNonce(line);
    }

    previous = sha256(bytes).toString('hex');
    hashes.set(sequence, previous);
    seen(line);
  }

  return { hashes, summary: { lines: sequence, head: previous, reservations } };
}

export function checkHeld(receipt, hashes) {
  for (const [name, line] of Object.entries(receipt.ledger)) {
    expect(hashes.get(line.sequence) === line.hash, `the journal has another line ${line.sequence} than the receipt's ${name} line`);
  }
}
