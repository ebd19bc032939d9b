// The official sellers, v2 (@x402/express) and v1 (x402-express), with the same routes, each over http and https.
import { createHash } from 'node:crypto';
import { HTTPFacilitatorClient, x402ResourceServer } from '@x402/core/server';
import { ExactEvmScheme } from '@x402/evm/exact/server';
import { paymentMiddleware } from '@x402/express';
import express from 'express';
import { paymentMiddleware as paymentMiddlewareV1 } from 'x402-express';
import { CHAIN_ID } from './chain.mjs';
import { listen } from './listen.mjs';

const PRICES = { 'GET /paid': '$0.01', 'POST /echo': '$0.01', 'GET /paid-sse': '$0.01', 'GET /dear': '$5' };

export async function startV2(lab, payTo) {
  const network = `eip155:${CHAIN_ID}`;
  const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: lab.facilitator.url })).register(network, new ExactEvmScheme());
  const terms = (price) => ({ accepts: { scheme: 'exact', price, network, payTo }, description: 'from the laboratory' });
  return start('v2', lab, payTo, paymentMiddleware(mapPrices(terms), server));
}

export async function startV1(lab, payTo) {
  const terms = (price) => ({ price, network: 'base-sepolia', config: { description: 'from the laboratory', maxTimeoutSeconds: 120 } });
  return start('v1', lab, payTo, paymentMiddlewareV1(payTo, mapPrices(terms), { url: lab.facilitator.url }));
}

function mapPrices(terms) {
  return Object.fromEntries(Object.entries(PRICES).map(([route, price]) => [route, terms(price)]));
}

async function start(name, lab, payTo, payments) {
  const app = express();
  app.use((req, _, next) => {
    lab.seen.note(name, req);
    next();
  });
  app.use(payments);
  app.use('/files', express.static(lab.filesFolder));
  app.get('/free', (_, res) => res.json({ free: true }));
  app.get(['/paid', '/dear'], (req, res) => res.json({ sold: req.url }));
  app.post('/echo', echo);
  app.get('/sse', (req, res) => tellAsSent(lab.gates, req, res));
  app.get('/paid-sse', (_, res) => {
    res.type('text/event-stream').write('data: one\n\n');
    res.end('data: two\n\n');
  });
  return {
    payTo,
    http: `http://${lab.host}:${await listen(app, lab.host)}`,
    https: `https://${lab.host}:${await listen(app, lab.host, lab.tls)}`,
  };
}

function echo(req, res) {
  const hash = createHash('sha256');
  let length = 0;
  req.on('data', (chunk) => {
    hash.update(chunk);
    length += chunk.length;
  });
  req.on('end', () => res.json({ sha256: hash.digest('hex'), length, type: req.headers['content-type'] ?? null }));
}

/** The first event leaves at once; the second waits until the test has seen the first and opens the gate. */
export async function tellAsSent(gates, req, res) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.write('data: one\n\n');
  await gates.passed(new URL(req.url, 'http://lab').searchParams.get('gate'));
  res.end('data: two\n\n');
}
