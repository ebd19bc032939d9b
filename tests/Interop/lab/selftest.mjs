// Does the laboratory itself work? The official client pays the official sellers, v2 and v1; the chain moves by exactly the price; and each
// hostile seller does what it says. Without this, a green interop test could mean a broken laboratory.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import readline from 'node:readline';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { ExactEvmSchemeV1 } from '@x402/evm/exact/v1/client';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { createPublicClient, http as rpc, parseAbi, parseSignature, toHex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';

const process_ = spawn(process.execPath, [path.join(import.meta.dirname, 'lab.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
const lab = JSON.parse((await readline.createInterface({ input: process_.stdout })[Symbol.asyncIterator]().next()).value);
const control = async (method, target) => (await fetch(`${lab.control}/_lab/${target}`, { method })).json();
const balance = async (of) => BigInt((await control('GET', `balance/${of}`)).units);
const payments = async (mark) => (await control('GET', `seen?mark=${mark}`)).filter((request) => request.paid);

const payer = privateKeyToAccount(generatePrivateKey());
await control('POST', `mint/${payer.address}/20000000`);
const client = new x402Client()
  .register('eip155:84532', new ExactEvmScheme(payer))
  .registerV1('base-sepolia', new ExactEvmSchemeV1(payer));
const pay = wrapFetchWithPayment(fetch, client);

async function moves(what, payTo, units, act) {
  const before = { payer: await balance(payer.address), payTo: await balance(payTo) };
  await act();
  assert.equal(before.payer - (await balance(payer.address)), units, `${what}: paid`);
  assert.equal((await balance(payTo)) - before.payTo, units, `${what}: received`);
  console.log(`ok ${what}`);
}

for (const [name, header] of [['v2', 'payment-response'], ['v1', 'x-payment-response']]) {
  const { http, payTo } = lab[name];
  await moves(`${name} GET`, payTo, 10_000n, async () => {
    const answer = await pay(`${http}/paid?m=${name}-get`);
    assert.deepEqual([answer.status, await answer.json()], [200, { sold: `/paid?m=${name}-get` }]);
    const settled = decodePaymentResponseHeader(answer.headers.get(header));
    const [{ nonce }] = await payments(`${name}-get`);
    assert.ok((await control('GET', 'used')).some((used) => used.nonce === nonce && used.transaction === settled.transaction));
  });
  await moves(`${name} POST`, payTo, 10_000n, async () => {
    const body = 'what is asked '.repeat(1000);
    const answer = await pay(`${http}/echo`, { method: 'POST', body });
    const { sha256, length } = await answer.json();
    assert.deepEqual([sha256, length], [createHash('sha256').update(body).digest('hex'), body.length]);
  });
  await moves(`${name} free`, payTo, 0n, async () => assert.equal((await pay(`${http}/free`)).status, 200));
  await moves(`${name} paid SSE`, payTo, 10_000n, async () =>
    assert.equal(await (await pay(`${http}/paid-sse`)).text(), 'data: one\n\ndata: two\n\n'));
  await moves(`${name} dear, refused by the client's own cap`, payTo, 0n, async () => {
    await assert.rejects(pay(`${http}/dear?m=${name}-dear`));
    assert.equal((await payments(`${name}-dear`)).length, 0);
  });
}

const { http: hostile, payTo: thief } = lab.hostile;
const status = async (target) => (await pay(`${hostile}${target}`)).status;
await moves('hostile: keep', thief, 0n, async () => assert.equal(await status('/keep?m=h-keep'), 402));
await moves('hostile: settles what it kept', thief, 10_000n, async () => {
  assert.deepEqual((await control('POST', 'settle-kept?mark=h-keep')).map((settled) => settled.success), [true]);
});
await moves('hostile: settles it only once', thief, 0n, async () => {
  const [again] = await control('POST', 'settle-kept?mark=h-keep');
  assert.deepEqual([again.success, again.errorReason], [false, 'invalid_exact_evm_nonce_already_used']);
});
await moves('hostile: settles it six times at once', thief, 100_000n, async () => {
  for (let round = 0; round < 10; round++) {
    const mark = `h-both-${round}`;
    assert.equal(await status(`/keep?m=${mark}`), 402);
    const settled = await Promise.all([1, 2, 3, 4, 5, 6].map(() => control('POST', `settle-kept?mark=${mark}`)));
    assert.deepEqual(settled.flat().map(({ success }) => success).filter(Boolean), [true]);
  }
});
await moves('hostile: dearer', thief, 0n, async () => assert.equal(await status('/dearer'), 402));
await moves('hostile: false', thief, 0n, async () => assert.equal(await status('/false'), 402));
await moves('hostile: 500', thief, 0n, async () => assert.equal(await status('/500'), 500));
await moves('hostile: drop', thief, 0n, async () => assert.rejects(status('/drop?m=h-drop')));
assert.ok((await payments('h-drop')).length >= 1);
await moves('hostile: liar', thief, 0n, async () => assert.equal(await status('/liar'), 200));
await moves('hostile: silent', thief, 0n, async () => assert.equal(await status('/silent'), 200));
await moves('hostile: slow', thief, 10_000n, async () => {
  const slow = status('/slow?gate=s');
  await control('POST', 'open/s');
  assert.equal(await slow, 200);
});
await moves('stream: as sent', thief, 10_000n, async () => {
  const events = (await pay(`${hostile}/stream?gate=e`)).body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  assert.equal((await events.next()).value, 'data: one\n\n');
  await control('POST', 'open/e');
  assert.equal((await events.next()).value, 'data: two\n\n');
});
await theTokenRefusesWhatUsdcRefuses();
await moves('an expired signature is dead', thief, 0n, async () => {
  assert.equal(await status('/keep?m=h-late'), 402);
  await control('POST', 'advance/3600');
  assert.deepEqual((await control('POST', 'settle-kept?mark=h-late')).map((settled) => settled.success), [false]);
});

process_.stdin.end();
console.log('laboratory ok');

/** The same authorization is good in both forms of the call, and bad with the larger s, the wrong v, or another amount. */
async function theTokenRefusesWhatUsdcRefuses() {
  const chain = createPublicClient({ transport: rpc(lab.rpc) });
  const fields = 'address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce';
  const abi = parseAbi([
    `function transferWithAuthorization(${fields}, uint8 v, bytes32 r, bytes32 s)`,
    `function transferWithAuthorization(${fields}, bytes signature)`,
    'function DOMAIN_SEPARATOR() view returns (bytes32)',
  ]);
  const token = { address: lab.token, abi };
  assert.match(await chain.readContract({ ...token, functionName: 'DOMAIN_SEPARATOR' }), /^0x71f17a3b2ff373b8/);

  const message = { from: payer.address, to: thief, value: 1n, validAfter: 0n, validBefore: 2n ** 40n, nonce: `0x${'5a'.repeat(32)}` };
  const signature = await payer.signTypedData({
    domain: { name: 'USDC', version: '2', chainId: lab.chainId, verifyingContract: lab.token },
    types: { TransferWithAuthorization: fields.split(', ').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] })) },
    primaryType: 'TransferWithAuthorization',
    message,
  });
  const { v, r, s } = parseSignature(signature);
  const high = toHex(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141n - BigInt(s), { size: 32 });
  const call = (...signed) => chain.simulateContract({ ...token, functionName: 'transferWithAuthorization', args: [...Object.values(message), ...signed] });
  await call(Number(v), r, s);
  await call(signature);
  await assert.rejects(call(v === 27n ? 28 : 27, r, high), /s is too large/);
  await assert.rejects(call(v === 27n ? 28 : 27, r, s), /another signer/);
  await assert.rejects(call(Number(v) - 27, r, s), /v must be 27 or 28/);
  message.value = 2n;
  await assert.rejects(call(Number(v), r, s), /another signer/);
  console.log('ok the token refuses what USDC refuses');
}
