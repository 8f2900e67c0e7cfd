import { z } from 'zod';
import { type Certificates, followCertificates } from './certificates.ts';
import type { Clock } from './clock.ts';
import { ConfigError, readConfig } from './config.ts';
import { followFiles } from './followed-files.ts';
import type { Logger } from './logger.ts';
import { type Authenticate, createAuthenticate, createTokenSource, parseSigningKey, parseTokenKeys } from './tokens.ts';

/** How gRPC between services is protected, as the environment says; all of it absent: not at all. */
export interface GrpcSecurity extends AsyncDisposable {
  readonly certificates?: Certificates;
  /** For the server: checks callers by the keys of `TOKEN_KEYS_FILE`. */
  readonly authenticate?: Authenticate;
  /** For a channel of a service: a token for the service of this name, signed with `TOKEN_SIGNING_KEY_FILE`. */
  tokenFor(service: string): (() => Promise<string>) | undefined;
  /** For a channel of a person: the token of `TRIBUTARY_TOKEN`. */
  readonly token?: () => Promise<string>;
}

const settings = {
  // Paths, not values: they are read again when they change.
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TLS_CA_FILE: z.string().optional(),
  TOKEN_KEYS_FILE: z.string().optional(),
  TOKEN_SIGNING_KEY_FILE: z.string().optional(),
  TRIBUTARY_TOKEN: z.string().optional(),
};

interface GrpcSecurityOptions {
  /** The service that this process is. Absent: a person's command, or one process that is all services. */
  readonly name?: string;
  /** The services that answer here: tokens must be for one of them. */
  readonly services: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads what protects gRPC, and follows its renewal until disposed.
 * @throws ConfigError naming every variable that is wrong or missing.
 */
export function openGrpcSecurity(
  environment: Readonly<Record<string, string | undefined>>,
  { name, services, clock, logger }: GrpcSecurityOptions,
): GrpcSecurity {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE, TOKEN_KEYS_FILE, TOKEN_SIGNING_KEY_FILE, TRIBUTARY_TOKEN } =
    readConfig(settings, environment);
  const files = allOrNone({ TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE });
  const followed = new DisposableStack();
  const follow = <Content>(file: Record<string, string>, parse: (text: string) => Content) =>
    followed.use(followFiles({ files: file, parse: ([text]) => parse(String(text)), clock, logger }));
  try {
    const certificates = files && followed.use(followCertificates(files, { clock, logger }));
    const keys = TOKEN_KEYS_FILE === undefined ? undefined : follow({ TOKEN_KEYS_FILE }, parseTokenKeys);
    const signingKey =
      TOKEN_SIGNING_KEY_FILE === undefined || name === undefined
        ? undefined
        : follow({ TOKEN_SIGNING_KEY_FILE }, (text) => keyOf(name, text));
    const sign = name && signingKey && createTokenSource(name, () => signingKey.current, clock);
    return {
      ...(certificates && { certificates }),
      ...(keys && { authenticate: createAuthenticate(services, () => keys.current, clock) }),
      ...(TRIBUTARY_TOKEN !== undefined && { token: async () => TRIBUTARY_TOKEN }),
      tokenFor: (service) => (sign ? () => sign(service) : undefined),
      [Symbol.asyncDispose]: async () => followed.dispose(),
    };
  } catch (error) {
    followed.dispose();
    throw error;
  }
}

function keyOf(name: string, text: string) {
  const key = parseSigningKey(text);
  if (key.owner !== name) throw new Error(`holds a key of ${key.owner}, and this is ${name}`);
  return key;
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
