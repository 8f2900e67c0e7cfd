import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { ConfigError, readConfig } from './config.ts';
import { connectionSettings } from './connection-settings.ts';

/** Where Kafka is and how it is spoken to. */
export interface KafkaConnection {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** Absent: plaintext. PEM; without `ca`, the authorities every browser trusts. */
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  /** Absent: nobody logs in. */
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const settings = {
  KAFKA_BROKERS: connectionSettings.KAFKA_BROKERS,
  KAFKA_TLS: z.enum(['on', 'off'], { error: 'must be on or off' }).optional(),
  KAFKA_TLS_CA_FILE: z.string().optional(),
  KAFKA_TLS_CERT_FILE: z.string().optional(),
  KAFKA_TLS_KEY_FILE: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(mechanisms, { error: `must be one of ${mechanisms.join(', ')}` }).optional(),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
};

/** Reads `KAFKA_BROKERS`, `KAFKA_TLS…`, `KAFKA_SASL_MECHANISM` and so on. @throws ConfigError naming what is wrong or missing. */
export function readKafkaConnection(environment: Readonly<Record<string, string | undefined>>): KafkaConnection {
  const values = readConfig(settings, environment);
  const errors: string[] = [];
  const read = (name: 'KAFKA_TLS_CA_FILE' | 'KAFKA_TLS_CERT_FILE' | 'KAFKA_TLS_KEY_FILE') => {
    const path = values[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      errors.push(`${name}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const [ca, cert, key] = [read('KAFKA_TLS_CA_FILE'), read('KAFKA_TLS_CERT_FILE'), read('KAFKA_TLS_KEY_FILE')];
  const hasFiles = ca !== undefined || cert !== undefined || key !== undefined;
  const tls = (values.KAFKA_TLS ?? (hasFiles ? 'on' : 'off')) === 'on';
  const tlsFiles = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  if (hasFiles && !tls) errors.push('KAFKA_TLS: must be on, or the files of KAFKA_TLS_… be absent');
  if ((cert === undefined) !== (key === undefined)) {
    errors.push('KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE: must be set together');
  } else if (hasFiles) {
    try {
      createSecureContext(tlsFiles);
    } catch (error) {
      errors.push(`KAFKA_TLS_CA_FILE, KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE: ${(error as Error).message}`);
    }
  }
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = values;
  const login = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username, KAFKA_PASSWORD: password };
  const missing = Object.entries(login).filter(([, value]) => value === undefined);
  if (missing.length > 0 && missing.length < 3) {
    errors.push(
      ...missing.map(([name]) => `${name}: must be set together with the others of ${Object.keys(login).join(', ')}`),
    );
  }
  // The broker gets the password itself, and so does whoever listens or answers in its place.
  if (mechanism === 'PLAIN' && !tls)
    errors.push('KAFKA_SASL_MECHANISM: PLAIN wants KAFKA_TLS=on; SCRAM-SHA-512 goes without');
  if (errors.length > 0) throw new ConfigError(`Configuration is wrong:\n  ${errors.join('\n  ')}`);
  const sasl = mechanism !== undefined && username !== undefined && password !== undefined;
  return {
    brokers: values.KAFKA_BROKERS,
    ...(tls && { tls: tlsFiles }),
    ...(sasl && {
      sasl: { mechanism: mechanism.toLowerCase() as Lowercase<typeof mechanism>, username, password },
    }),
  };
}
