// A certification authority that lives as long as the laboratory, and one certificate for its sellers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export function makeCertificates(address) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'smartproxy-lab-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = (name) => path.join(folder, name);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

  openssl('req', '-x509', ...newKey, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-days', '2',
    '-subj', '/CN=Laboratory CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  openssl('req', ...newKey, '-keyout', file('seller.key'), '-out', file('seller.csr'), '-subj', '/CN=Laboratory seller');
  writeFileSync(file('seller.ext'), [
    `subjectAltName=IP:${address},DNS:localhost`,
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
    '',
  ].join('\n'));
  openssl('x509', '-req', '-in', file('seller.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-out', file('seller.pem'), '-days', '2', '-extfile', file('seller.ext'));

  return { caFile: file('ca.pem'), key: readFileSync(file('seller.key')), cert: readFileSync(file('seller.pem')) };
}
