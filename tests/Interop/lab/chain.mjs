// A real EVM node with the chain id of Base Sepolia, and a dollar token at the address where the official packages expect USDC.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { createPublicClient, createTestClient, createWalletClient, http, nonceManager, parseEventLogs } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { baseSepolia } from 'viem/chains';

const require = createRequire(import.meta.url);
const here = import.meta.dirname;

export const CHAIN_ID = 84532;
export const USDC = '0x036CbD53842c5426634e7929541eC2318f3dCF7e';
const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';

export async function startChain() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const node = spawn(anvilBinary(), ['--port', String(port), '--chain-id', String(CHAIN_ID), '--silent', '--accounts', '1'], {
    stdio: 'ignore',
  });
  process.on('exit', () => node.kill('SIGKILL'));
  const failed = new Promise((_, reject) => {
    node.on('error', reject);
    node.on('exit', (code) => reject(new Error(`anvil ended with ${code}`)));
  });
  failed.catch(() => process.exit(1));

  const transport = http(url);
  const common = { chain: baseSepolia, transport, pollingInterval: 25, cacheTime: 0 };
  const reader = createPublicClient(common);
  const test = createTestClient({ ...common, mode: 'anvil' });
  await Promise.race([answers(reader), failed]);

  const { Token, Multicall } = compile();
  await test.setCode({ address: USDC, bytecode: Token.code });
  await test.setCode({ address: MULTICALL3, bytecode: Multicall.code });

  // Accounts are made here and funded from nothing: no well-known key ever signs.
  async function account() {
    const made = privateKeyToAccount(generatePrivateKey(), { nonceManager });
    await test.setBalance({ address: made.address, value: 10n ** 20n });
    return createWalletClient({ ...common, account: made });
  }

  const treasury = await account();
  const token = { address: USDC, abi: Token.abi };

  return {
    url,
    account,
    reader,
    token,
    async mint(to, units) {
      const hash = await treasury.writeContract({ ...token, functionName: 'mint', args: [to, BigInt(units)] });
      await reader.waitForTransactionReceipt({ hash });
    },
    balance: (of) => reader.readContract({ ...token, functionName: 'balanceOf', args: [of] }),
    isUsed: (from, nonce) => reader.readContract({ ...token, functionName: 'authorizationState', args: [from, nonce] }),
    /** Every AuthorizationUsed event of the token, oldest first. */
    async used() {
      const logs = await reader.getLogs({ address: USDC, fromBlock: 0n });
      return parseEventLogs({ abi: Token.abi, eventName: 'AuthorizationUsed', logs }).map((log) => ({
        from: log.args.authorizer,
        nonce: log.args.nonce,
        transaction: log.transactionHash,
        block: Number(log.blockNumber),
      }));
    },
    async advance(seconds) {
      await test.increaseTime({ seconds });
      await test.mine({ blocks: 1 });
    },
    mine: (blocks) => test.mine({ blocks }),
  };
}

/** The platform's package holds the binary; its install script is not needed and is not run. */
function anvilBinary() {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil${suffix}`);
}

async function answers(reader) {
  for (let attempt = 0; ; attempt++) {
    try {
      const id = await reader.getChainId();
      if (id !== CHAIN_ID) throw new Error(`expected chain ${CHAIN_ID}, got ${id}`);
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((again) => setTimeout(again, 50));
    }
  }
}

/** Compiles contracts/*.sol; the result is kept beside node_modules under the hash of the sources. */
function compile() {
  const sources = {};
  for (const name of ['Token', 'Multicall']) {
    sources[`${name}.sol`] = { content: readFileSync(path.join(here, 'contracts', `${name}.sol`), 'utf8') };
  }

  const input = JSON.stringify({
    language: 'Solidity',
    sources,
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['abi', 'evm.deployedBytecode.object'] } },
    },
  });
  const folder = path.join(here, 'node_modules', '.cache', 'lab');
  const kept = path.join(folder, createHash('sha256').update(input).digest('hex') + '.json');
  try {
    return JSON.parse(readFileSync(kept, 'utf8'));
  } catch {
    // Not compiled yet.
  }

  const output = JSON.parse(require('solc').compile(input));
  const problems = (output.errors ?? []).filter((problem) => problem.severity === 'error');
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.formattedMessage).join('\n'));
  const contracts = {};
  for (const [file, inside] of Object.entries(output.contracts)) {
    for (const [name, { abi, evm }] of Object.entries(inside)) {
      if (file === `${name}.sol`) contracts[name] = { abi, code: `0x${evm.deployedBytecode.object}` };
    }
  }

  mkdirSync(folder, { recursive: true });
  writeFileSync(`${kept}.${process.pid}`, JSON.stringify(contracts));
  renameSync(`${kept}.${process.pid}`, kept);
  return contracts;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
