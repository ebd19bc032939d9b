import http from 'node:http';
import https from 'node:https';

/** Serves `app` on a free port of `host`, over TLS when there is a key; answers the port. */
export function listen(app, host, tls) {
  const server = tls ? https.createServer(tls, app) : http.createServer(app);
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, host, 4096, () => resolve(server.address().port));
  });
}
