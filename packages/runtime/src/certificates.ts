import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import type { Clock } from './clock.ts';
import { followFiles } from './followed-files.ts';
import type { Logger } from './logger.ts';

/** Our certificate and whom we trust, for gRPC in both directions. Connections made after a renewal see the new ones. */
export type Certificates = experimental.CertificateProvider & Disposable;

interface Pem {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer;
}

/** Paths of PEM files. */
export interface CertificateFiles {
  /** Our certificate, with intermediate ones behind it. */
  readonly TLS_CERT_FILE: string;
  readonly TLS_KEY_FILE: string;
  /** Who signs the certificates of those we talk with. */
  readonly TLS_CA_FILE: string;
}

/**
 * Reads the certificates and follows their renewal on disk.
 * @throws ConfigError when a file cannot be read, is no PEM, or key and certificate do not belong together.
 */
export function followCertificates(
  { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE }: CertificateFiles,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Certificates {
  const followed = followFiles({ files: { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE }, parse: checkPem, clock, logger });
  const tellers = new Map<unknown, () => void>();
  // grpc-js wants the first call later than this one: until it is through, it is not ready to hear it.
  const add = (listener: unknown, tell: () => void) => {
    tellers.set(listener, tell);
    followed.onChange(tell);
    process.nextTick(tell);
  };
  const remove = (listener: unknown) => {
    const tell = tellers.get(listener);
    tellers.delete(listener);
    if (tell !== undefined) followed.offChange(tell);
  };
  return {
    addCaCertificateListener: (listener) => add(listener, () => listener(followed.current)),
    removeCaCertificateListener: remove,
    addIdentityCertificateListener: (listener) => add(listener, () => listener(followed.current)),
    removeIdentityCertificateListener: remove,
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
}

function checkPem([certificate, privateKey, caCertificate]: readonly Buffer[]): Pem {
  if (certificate === undefined || privateKey === undefined || caCertificate === undefined)
    throw new Error('a file is missing');
  // An empty list of authorities would be read as "those that every browser trusts".
  new X509Certificate(caCertificate);
  createSecureContext({ cert: certificate, key: privateKey, ca: caCertificate });
  return { certificate, privateKey, caCertificate };
}
