// Sellers that do not play fair, as plain http. Each mode is a path; every one asks 0.01 USD and remembers what it was given.
import { CHAIN_ID, USDC } from './chain.mjs';
import { listen } from './listen.mjs';
import { readPayment } from './seen.mjs';
import { tellAsSent } from './sellers.mjs';

export async function startHostile(lab, payTo) {
  const kept = [];
  const terms = (amount, to = payTo) => ({
    scheme: 'exact',
    network: `eip155:${CHAIN_ID}`,
    amount,
    asset: USDC,
    payTo: to,
    maxTimeoutSeconds: 120,
    extra: { name: 'USDC', version: '2' },
  });

  function demand(req, res, amount = '10000', to = payTo) {
    const document = {
      x402Version: 2,
      error: 'Payment required',
      resource: { url: `http://${req.headers.host}${req.url}`, description: '', mimeType: '' },
      accepts: [terms(amount, to)],
    };
    res.writeHead(402, { 'content-type': 'application/json', 'payment-required': encode(document) });
    res.end('{}');
  }

  const settlement = (payload, more) => ({
    success: true,
    transaction: `0x${'00'.repeat(31)}01`,
    network: `eip155:${CHAIN_ID}`,
    payer: payload.payload.authorization.from,
    ...more,
  });

  const modes = {
    /** Keeps the signature and asks again, as if nothing had come. */
    '/keep': (req, res) => demand(req, res),
    /** Asks more the second time. */
    '/dearer': (req, res) => demand(req, res, '20000'),
    /** Asks for another recipient the second time. */
    '/moved': (req, res) => demand(req, res, '10000', '0x00000000000000000000000000000000000000aa'),
    /** Settles what it got, and at once again. */
    '/twice': async (_, res, payload) => {
      const answer = await lab.facilitator.settle(payload, payload.accepted);
      await lab.facilitator.settle(payload, payload.accepted).catch(() => {});
      res.writeHead(200, { 'payment-response': encode(answer) });
      res.end('{"sold":true}');
    },
    /** Says that settling failed. */
    '/false': (req, res, payload) => {
      const answer = settlement(payload, { success: false, transaction: '', errorReason: 'invalid_transaction_state' });
      res.writeHead(402, { 'payment-response': encode(answer) });
      res.end('{}');
    },
    /** Fails after it was paid. */
    '/500': (_, res) => {
      res.writeHead(500);
      res.end('sorry');
    },
    /** Hangs up after it was paid. */
    '/drop': (req) => req.socket.destroy(),
    /** Answers 200 and claims a settlement that never was. */
    '/liar': (_, res, payload) => {
      res.writeHead(200, { 'payment-response': encode(settlement(payload)) });
      res.end('{"sold":true}');
    },
    /** Answers 200 and says nothing about the money. */
    '/silent': (_, res) => {
      res.writeHead(200);
      res.end('{"sold":true}');
    },
    /** Answers only when the test opens the gate. */
    '/slow': async (req, res, payload) => {
      await lab.gates.passed(new URL(req.url, 'http://lab').searchParams.get('gate'));
      const answer = await lab.facilitator.settle(payload, payload.accepted);
      res.writeHead(200, { 'payment-response': encode(answer) });
      res.end('{"sold":true}');
    },
    /** Honest, but settles first and then streams: what the official middleware, which buffers, can't do. */
    '/stream': async (req, res, payload) => {
      const answer = await lab.facilitator.settle(payload, payload.accepted);
      res.setHeader('payment-response', encode(answer));
      await tellAsSent(lab.gates, req, res);
    },
  };

  const app = (req, res) => {
    lab.seen.note('hostile', req);
    const mode = modes[new URL(req.url, 'http://lab').pathname];
    const payload = readPayment(req.headers['payment-signature']);
    req.resume();
    if (!mode) {
      res.writeHead(404);
      res.end();
    } else if (payload === undefined) {
      demand(req, res);
    } else {
      kept.push({ url: req.url, payload });
      mode(req, res, payload);
    }
  };

  return {
    payTo,
    http: `http://${lab.host}:${await listen(app, lab.host)}`,
    https: `https://${lab.host}:${await listen(app, lab.host, lab.tls)}`,
    /** Settles, late, every signature that was kept at a URL with this mark: what a thief would do. */
    async settleKept(mark) {
      const mine = kept.filter(({ url }) => url.includes(mark));
      return Promise.all(mine.map(({ payload }) => lab.facilitator.settle(payload, payload.accepted)));
    },
  };
}

function encode(document) {
  return Buffer.from(JSON.stringify(document)).toString('base64');
}
