// The test's own door to the laboratory; no agent and no proxy comes here.
import express from 'express';
import { listen } from './listen.mjs';

export async function startControl(lab) {
  const app = express();
  app.get('/_lab/seen', (req, res) => res.json(lab.seen.about(req.query.mark)));
  app.get('/_lab/balance/:address', async (req, res) => res.json({ units: String(await lab.chain.balance(req.params.address)) }));
  app.get('/_lab/used', async (_, res) => res.json(await lab.chain.used()));
  app.post('/_lab/mint/:address/:units', async (req, res) => {
    await lab.chain.mint(req.params.address, req.params.units);
    res.json({});
  });
  app.post('/_lab/advance/:seconds', async (req, res) => {
    await lab.chain.advance(Number(req.params.seconds));
    res.json({});
  });
  app.post('/_lab/mine/:blocks', async (req, res) => {
    await lab.chain.mine(Number(req.params.blocks));
    res.json({});
  });
  app.post('/_lab/open/:gate', (req, res) => {
    lab.gates.open(req.params.gate);
    res.json({});
  });
  app.post('/_lab/settle-kept', async (req, res) => res.json(await lab.hostile.settleKept(req.query.mark)));
  return `http://127.0.0.1:${await listen(app, '127.0.0.1')}`;
}
