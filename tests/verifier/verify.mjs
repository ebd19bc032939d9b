#!/usr/bin/env node
// A second verifier, in another language and without packages: it shares no line of code with the product.
//
//   node verify.mjs receipt RECEIPT JWKS [JOURNAL...]   a receipt by its public keys; with a journal, that the journal holds it
//   node verify.mjs statement STATEMENT JWKS            a month's statement: its signature and its sums
//   node verify.mjs journal JOURNAL...                  the chain of a journal's lines, files in order, and what each nonce commits to
//   node verify.mjs evidence FOLDER [JWKS]              an unpacked evidence or dispute file; with public keys that you trust from elsewhere
//   node verify.mjs keccak                              Keccak-256 of standard input
//
// Prints one line of JSON. Exits with 0 when everything holds, 1 when something doesn't, 2 for wrong use.

import { readFileSync } from 'node:fs';
import { checkHeld, openReceipt, parse, verifyJournal } from './books.mjs';
import { openStatement, verifyEvidence } from './evidence.mjs';
import { keccak256 } from './keccak.mjs';

const text = file => readFileSync(file, 'utf8').trim();
const keys = file => parse(readFileSync(file), 'the key set');

function run([command, ...args]) {
  if (command === 'receipt' && args.length >= 2) {
    const [file, jwks, ...journal] = args;
    const receipt = openReceipt(text(file), keys(jwks));
    if (journal.length > 0) checkHeld(receipt, verifyJournal(journal).hashes);
    return { id: receipt.id, outcome: receipt.outcome };
  }

  if (command === 'statement' && args.length === 2) {
    const statement = openStatement(text(args[0]), keys(args[1]));
    return { month: statement.month, tiesOut: statement.tiesOut };
  }

  if (command === 'journal' && args.length >= 1) return verifyJournal(args).summary;
  if (command === 'evidence' && (args.length === 1 || args.length === 2)) return verifyEvidence(args[0], args[1]);
  if (command === 'keccak' && args.length === 0) return { keccak256: keccak256(readFileSync(0)) };
  console.error('usage: verify.mjs receipt RECEIPT JWKS [JOURNAL...] | statement STATEMENT JWKS | journal JOURNAL... | evidence FOLDER [JWKS] | keccak');
  process.exit(2);
}

try {
  console.log(JSON.stringify({ ok: true, ...run(process.argv.slice(2)) }));
} catch (flaw) {
  console.log(JSON.stringify({ ok: false, flaw: flaw.message }));
  process.exitCode = 1;
}
