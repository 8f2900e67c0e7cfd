import { copyFileSync, writeFileSync } from 'node:fs';
import { connect, type PeerCertificate } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { Agent, type AgentApi, AgentServiceService, Offer } from '@tributary/contracts';
import { type CertificateAuthority, createCertificateAuthority, ManualClock, until } from '@tributary/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type Certificates, followCertificates } from './certificates.ts';
import { bindGrpc, connectGrpc, createGrpcServer } from './grpc.ts';
import { openGrpcSecurity } from './grpc-security.ts';
import { createLogger } from './logger.ts';

const logger = createLogger('test', 'silent');

/** A server and what its callers hold, all certified by one authority. */
async function start() {
  const authority = createCertificateAuthority();
  const clock = new ManualClock();
  const follow = (name: string, signedBy: CertificateAuthority = authority) => {
    const { certFile, keyFile } = signedBy.issue(name);
    const files = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile };
    return followCertificates(files, { clock, logger });
  };
  let tell = () => {};
  const agents: Partial<AgentApi> = {
    getAgent: async ({ id }) => Agent.fromPartial({ id }),
    async *watchOffers() {
      for (let id = 1; ; id++) {
        yield Offer.fromPartial({ id: `${id}` });
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
  const nothing = async () => ({}) as never;
  const rest = Object.fromEntries(Object.keys(AgentServiceService).map((name) => [name, nothing]));
  const server = createGrpcServer({
    bindings: [
      bindGrpc('tributary.agents.v1.AgentService', AgentServiceService, { ...rest, ...agents } as unknown as AgentApi),
    ],
    host: '127.0.0.1',
    port: 0,
    logger,
    certificates: follow('server'),
  });
  await server.start();
  onTestFinished(async () => {
    await server.stop();
    authority[Symbol.dispose]();
  });
  const address = `localhost:${server.port}`;
  return {
    ...{ authority, clock, follow, address, server },
    call: async (certificates?: Certificates) => {
      await using channel = connectGrpc(address, { certificates });
      return await channel.api(AgentServiceService).getAgent({ id: 'ada' }, { timeoutMs: 2000 });
    },
    tell: () => tell(),
    /** What a new connection is shown. */
    shown: () =>
      new Promise<PeerCertificate>((resolve, reject) => {
        const socket = connect({
          port: server.port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ALPNProtocols: ['h2'],
        });
        socket.once('secureConnect', () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        });
        socket.once('error', reject);
      }),
  };
}

test('both sides show certificates of one authority, and then a call passes', async () => {
  const { call, follow } = await start();
  await expect(call(follow('client'))).resolves.toMatchObject({ id: 'ada' });
});

test('plaintext is refused where certificates are asked for', async () => {
  const { call } = await start();
  await expect(call()).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('a caller with a certificate of another authority is refused', async () => {
  const { call, follow } = await start();
  using stranger = createCertificateAuthority();
  await expect(call(follow('client', stranger))).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('a caller refuses a server whose certificate is of another authority', async () => {
  const { authority, call, clock } = await start();
  using stranger = createCertificateAuthority();
  const { certFile, keyFile } = authority.issue('client');
  const files = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: stranger.caFile };
  const certificates = followCertificates(files, { clock, logger });
  await expect(call(certificates)).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('new connections see a renewed certificate, old connections go on', async () => {
  const { authority, call, clock, follow, address, shown, tell } = await start();
  await using channel = connectGrpc(address, { certificates: follow('client') });
  const stream = channel.api(AgentServiceService).watchOffers({ agentId: '' })[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ id: '1' });
  const before = await shown();

  authority.issue('server');
  await clock.advance(5000);

  expect((await shown()).serialNumber).not.toBe(before.serialNumber);
  await expect(call(follow('later'))).resolves.toMatchObject({ id: 'ada' });
  tell();
  expect((await stream.next()).value).toMatchObject({ id: '2' });
  await stream.return?.(undefined);
  tell();
});

test('a half-written renewal never replaces what is in force, and counts once it is whole', async () => {
  const { authority, clock, shown } = await start();
  const before = await shown();
  const { certFile, keyFile } = authority.issue('renewed');
  const former = authority.caFile.replace('authority.pem', 'server');

  copyFileSync(certFile, `${former}.pem`);
  await clock.advance(5000);
  expect((await shown()).serialNumber).toBe(before.serialNumber);
  copyFileSync(keyFile, `${former}.key`);
  await clock.advance(5000);
  const after = await until('the renewed certificate', shown);
  expect(after.subject.CN).toBe('renewed');
});

test('a caller that renews its certificate shows the new one the next time it connects', async () => {
  const { authority, call, clock, follow } = await start();
  using stranger = createCertificateAuthority();
  const { certFile, keyFile } = stranger.issue('client');
  const files = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile };
  const certificates = followCertificates(files, { clock, logger });
  await expect(call(certificates)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  const good = authority.issue('good');
  copyFileSync(good.certFile, certFile);
  copyFileSync(good.keyFile, keyFile);
  await clock.advance(5000);
  await expect(call(certificates)).resolves.toMatchObject({ id: 'ada' });
  follow('unused')[Symbol.dispose]();
});

test('files that are no good are named at the start', () => {
  using authority = createCertificateAuthority();
  const { certFile, keyFile } = authority.issue('server');
  const empty = `${certFile}.empty`;
  writeFileSync(empty, '');
  const clock = new ManualClock();
  const files = { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile };
  const follow = (change: Partial<typeof files>) => () =>
    followCertificates({ ...files, ...change }, { clock, logger });
  const names = /TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE: /;
  expect(follow({ TLS_KEY_FILE: authority.issue('other').keyFile })).toThrow(names);
  expect(follow({ TLS_CA_FILE: empty })).toThrow(names);
  expect(follow({ TLS_CERT_FILE: '/nowhere.pem' })).toThrow(/nowhere/);
});

test('the variables belong together: what is missing is named', () => {
  const dependencies = { services: [], clock: new ManualClock(), logger };
  expect(() => openGrpcSecurity({ TLS_CERT_FILE: 'a', TLS_CA_FILE: 'b' }, dependencies)).toThrow(
    'TLS_KEY_FILE: must be set together with TLS_CERT_FILE and TLS_CA_FILE',
  );
  expect(openGrpcSecurity({}, dependencies).certificates).toBeUndefined();
});
