// The official facilitator, v2 and v1, over HTTP: it verifies payments and settles them on the chain.
import { x402Facilitator } from '@x402/core/facilitator';
import { toFacilitatorEvmSigner } from '@x402/evm';
import { ExactEvmScheme } from '@x402/evm/exact/facilitator';
import { ExactEvmSchemeV1 } from '@x402/evm/exact/v1/facilitator';
import express from 'express';
import { publicActions } from 'viem';
import { CHAIN_ID } from './chain.mjs';
import { listen } from './listen.mjs';

export async function startFacilitator(chain) {
  const wallet = (await chain.account()).extend(publicActions);
  const signer = toFacilitatorEvmSigner({ ...wallet, address: wallet.account.address });
  const facilitator = new x402Facilitator()
    .register(`eip155:${CHAIN_ID}`, new ExactEvmScheme(signer))
    .registerV1('base-sepolia', new ExactEvmSchemeV1(signer));

  // One authorization is settled in turn. Two at once both pass the check; when the first is mined before the second's gas is estimated,
  // the second gives up after it took an account nonce, and every later transaction waits behind the gap for ever.
  const last = new Map();
  function settle(payload, terms) {
    const { nonce } = payload.payload.authorization;
    const turn = (last.get(nonce) ?? Promise.resolve()).then(() => facilitator.settle(payload, terms));
    last.set(nonce, turn.catch(() => {}));
    return turn;
  }

  const calls = { verify: (payload, terms) => facilitator.verify(payload, terms), settle };
  const app = express();
  app.use(express.json({ limit: '256kb' }));
  app.get('/supported', (_, res) => res.json(facilitator.getSupported()));
  for (const [name, call] of Object.entries(calls)) {
    app.post(`/${name}`, async (req, res) => {
      const { paymentPayload, paymentRequirements } = req.body;
      try {
        res.json(await call(paymentPayload, paymentRequirements));
      } catch (error) {
        res.status(500).json({ error: String(error?.message ?? error) });
      }
    });
  }

  const port = await listen(app, '127.0.0.1');
  return { url: `http://127.0.0.1:${port}`, settle };
}
