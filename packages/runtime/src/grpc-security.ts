import { z } from 'zod';
import { type Certificates, followCertificates } from './certificates.ts';
import type { Clock } from './clock.ts';
import { ConfigError, readConfig } from './config.ts';
import type { Logger } from './logger.ts';

/** How gRPC between services is protected, as the environment says; all of it absent: not at all. */
export interface GrpcSecurity extends AsyncDisposable {
  readonly certificates?: Certificates;
}

const settings = {
  // Paths, not values: they are read again when they change.
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TLS_CA_FILE: z.string().optional(),
};

/**
 * Reads what protects gRPC, and follows its renewal until disposed.
 * @throws ConfigError naming every variable that is wrong or missing.
 */
export function openGrpcSecurity(
  environment: Readonly<Record<string, string | undefined>>,
  dependencies: { readonly clock: Clock; readonly logger: Logger },
): GrpcSecurity {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE } = readConfig(settings, environment);
  const files = allOrNone({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE });
  const certificates = files && followCertificates(files, dependencies);
  return {
    ...(certificates && { certificates }),
    async [Symbol.asyncDispose]() {
      certificates?.[Symbol.dispose]();
    },
  };
}

function allOrNone<Names extends string>(
  values: Readonly<Record<Names, string | undefined>>,
): Record<Names, string> | undefined {
  const names = Object.keys(values) as Names[];
  const missing = names.filter((name) => values[name] === undefined);
  if (missing.length === names.length) return undefined;
  if (missing.length === 0) return values as Record<Names, string>;
  const given = names.filter((name) => !missing.includes(name)).join(' and ');
  throw new ConfigError(
    `Configuration is wrong:\n${missing.map((name) => `  ${name}: must be set together with ${given}`).join('\n')}`,
  );
}
