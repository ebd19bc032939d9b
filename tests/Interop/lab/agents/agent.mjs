// An agent in Node: it knows URLs and the environment, nothing of payments. Prints one line of JSON for each answer, as it comes.
// usage: node agent.mjs PARALLEL METHOD BODYFILE|- URL...
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EnvHttpProxyAgent, fetch } from 'undici';

const [parallel, method, bodyFile, ...urls] = process.argv.slice(2);
const dispatcher = new EnvHttpProxyAgent({ bodyTimeout: 60_000, headersTimeout: 60_000 });
const body = bodyFile === '-' ? undefined : readFileSync(bodyFile);

async function ask(url) {
  try {
    const answer = await fetch(url, { method, body, dispatcher });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return {
      url,
      status: answer.status,
      receipt: answer.headers.get('smart-proxy-receipt'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      body: bytes.length <= 65536 ? bytes.toString('utf8') : null,
    };
  } catch (error) {
    return { url, status: 0, error: String(error?.cause?.message ?? error) };
  }
}

const waiting = urls.length > 0 ? urls : readFileSync(0, 'utf8').split('\n').filter(Boolean);
await Promise.all(Array.from({ length: Number(parallel) }, async () => {
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) console.log(JSON.stringify(await ask(url)));
}));
process.exit(0);
