import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, as paths of PEM files. */
export interface IssuedCertificate {
  readonly certFile: string;
  /** PKCS#8. */
  readonly keyFile: string;
}

/** An authority of a test's own, good for one day. Needs `openssl` 3. */
export interface CertificateAuthority extends Disposable {
  readonly caFile: string;
  /**
   * A certificate for `localhost` and `127.0.0.1`. The same name again writes over the former one: a renewal.
   * @param name Common name, and name of the files.
   */
  issue(name: string): IssuedCertificate;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

/** Disposing it removes its folder. */
export function createCertificateAuthority(): CertificateAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-certificates-'));
  const pem = (name: string) => ({ certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) });
  const request = (name: string, extensions: readonly string[], signer: readonly string[] = []): IssuedCertificate => {
    const files = pem(name);
    const output = ['-keyout', files.keyFile, '-out', files.certFile, '-subj', `/CN=${name}`];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    execFileSync('openssl', ['req', '-x509', ...newKey, ...output, ...added, ...signer], { stdio: 'pipe' });
    return files;
  };
  const ca = request('authority', ['keyUsage=critical,keyCertSign']);
  return {
    caFile: ca.certFile,
    issue: (name) =>
      request(
        name,
        ['basicConstraints=critical,CA:FALSE', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
        ['-CA', ca.certFile, '-CAkey', ca.keyFile],
      ),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
