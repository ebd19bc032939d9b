// The laboratory in one process: chain, facilitator, honest and hostile sellers, control. Prints one line of JSON when everything is up
// and ends when its input closes, so that it never outlives the tests.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import { CHAIN_ID, startChain, USDC } from './chain.mjs';
import { startControl } from './control.mjs';
import { startFacilitator } from './facilitator.mjs';
import { Gates } from './gates.mjs';
import { startHostile } from './hostile.mjs';
import { Seen } from './seen.mjs';
import { startV1, startV2 } from './sellers.mjs';
import { makeCertificates } from './tls.mjs';

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));

// Sellers live on 127.0.0.2: clients that never proxy `localhost` or 127.0.0.1 still proxy this address.
const lab = { host: process.env.LAB_SELLER_HOST ?? '127.0.0.2', seen: new Seen(), gates: new Gates() };
const stranger = () => privateKeyToAddress(generatePrivateKey());

lab.tls = makeCertificates(lab.host);
lab.filesFolder = path.join(path.dirname(lab.tls.caFile), 'files');
mkdirSync(lab.filesFolder);
lab.chain = await startChain();
lab.facilitator = await startFacilitator(lab.chain);
lab.v2 = await startV2(lab, stranger());
lab.v1 = await startV1(lab, stranger());
lab.hostile = await startHostile(lab, stranger());
const control = await startControl(lab);

const seller = ({ payTo, http, https }) => ({ payTo, http, https });
console.log(JSON.stringify({
  chainId: CHAIN_ID,
  token: USDC,
  rpc: lab.chain.url,
  caFile: lab.tls.caFile,
  filesFolder: lab.filesFolder,
  control,
  v2: seller(lab.v2),
  v1: seller(lab.v1),
  hostile: seller(lab.hostile),
}));
