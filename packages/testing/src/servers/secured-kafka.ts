import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateAuthority } from '../certificate-authority.ts';
import { freePort } from './free-port.ts';
import { startKafkaHere } from './kafka-server.ts';
import { orUnavailable, type RunningServer, type ServerOptions, type Unavailable } from './running-server.ts';

export interface SecuredKafka extends RunningServer {
  /** `localhost:port` of the listener that wants TLS and a login; the one of `url` wants neither, and may do anything. */
  readonly securedUrl: string;
}

/**
 * A Kafka from its jars on this machine's Java, whatever the environment names, with a listener that wants TLS and SASL (PLAIN,
 * SCRAM-SHA-256, SCRAM-SHA-512), and ACLs: users may do what an ACL says and nothing else.
 * @param users Passwords by name, for every mechanism.
 */
export async function startSecuredKafka(
  options: ServerOptions,
  authority: CertificateAuthority,
  users: Readonly<Record<string, string>>,
): Promise<SecuredKafka | Unavailable> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-kafka-tls-'));
  const port = await freePort();
  const { certFile, keyFile } = authority.issue('kafka');
  const keyStore = join(folder, 'broker.pem');
  writeFileSync(keyStore, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'));
  const logins = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const started = await orUnavailable(() =>
    startKafkaHere(options, {
      listener: { name: 'SECURED', host: 'localhost', port, protocol: 'SASL_SSL' },
      settings: {
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.secured.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins.join(' ')};`,
        'listener.name.secured.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.secured.scram-sha-512.sasl.jaas.config': scram,
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keyStore,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
      scramUsers: users,
    }),
  );
  if ('unavailable' in started) return started;
  return {
    ...started,
    get pids() {
      return started.pids;
    },
    securedUrl: `localhost:${port}`,
    async stop() {
      await started.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
