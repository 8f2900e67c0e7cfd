import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  allTopics,
  type CallOptions,
  encodeEvent,
  InboundMessage,
  notFound,
  type TicketApi,
  TicketServiceService,
  topics,
} from '@tributary/contracts';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { bindGrpc, createGrpcServer, createLogger, openGrpcSecurity, systemClock } from '@tributary/runtime';
import { createCertificateAuthority, until } from '@tributary/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ticket } from './cli.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const main = join(import.meta.dirname, '../src/main.ts');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function start(words: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  const { PATH } = process.env;
  return spawn(process.execPath, ['--conditions=@tributary/source', main, ...words], {
    env: { PATH, TRIBUTARY_DATA_DIR: folder, ...environment } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function tributary(words: readonly string[], environment: Record<string, string> = {}) {
  const child = start(words, environment);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout as NonNullable<ChildProcess['stdout']>),
    text(child.stderr as NonNullable<ChildProcess['stderr']>),
    once(child, 'exit'),
  ]);
  return { exitCode, stdout, stderr };
}

test('where nothing listens it says so, by address', async () => {
  // Port 1 is nobody's.
  const { exitCode, stdout, stderr } = await tributary(['tickets', 'list'], { GRPC_PORT: '1' });
  expect(stderr).toBe('Nothing answers at localhost:1. Is Tributary running? (npm start)\n');
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
  const routing = await tributary(['agents', 'list'], { ROUTER_ADDRESS: '127.0.0.1:2' });
  expect(routing.stderr).toContain('Nothing answers at 127.0.0.1:2.');
  const log = await tributary(['tail', 'tickets.events.v1'], { KAFKA_BROKERS: '127.0.0.1:1,[::1]:2' });
  expect(log.stderr).toContain('Kafka does not answer at 127.0.0.1:1, [::1]:2.');
  expect(log.exitCode).toBe(4);
});

test('it talks gRPC, and errors come with their code and text', async () => {
  const api = {
    getTicket: async ({ id }: { id: string }) => {
      if (id !== '20261122001') throw notFound(`there is no ticket ${id}`);
      return ticket;
    },
  };
  const missing = () => Promise.reject(new Error('not in this test'));
  const implementation = new Proxy(api, { get: (target, name) => Reflect.get(target, name) ?? missing });
  const server = createGrpcServer({
    bindings: [
      bindGrpc('tributary.tickets.v1.TicketService', TicketServiceService, implementation as unknown as TicketApi),
    ],
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('test', 'silent'),
  });
  await server.start();
  try {
    const environment = { TICKETING_ADDRESS: `127.0.0.1:${server.port}` };
    const found = await tributary(['tickets', 'show', '20261122001', '--json'], environment);
    expect(JSON.parse(found.stdout)).toMatchObject({ number: '20261122001' });
    const unknown = await tributary(['tickets', 'show', '7'], environment);
    expect(unknown).toEqual({ exitCode: 3, stdout: '', stderr: 'Not found: there is no ticket 7\n' });
  } finally {
    await server.stop();
  }
});

test('it shows the certificate and the token that the environment names', async () => {
  using authority = createCertificateAuthority();
  const { certFile: TLS_CERT_FILE, keyFile: TLS_KEY_FILE } = authority.issue('operator');
  const files = { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE: authority.caFile };
  const keys = join(folder, 'keys');
  await tributary(['keys', 'create', '--for', 'people', '--folder', keys]);
  const made = await tributary(['tokens', 'create', '--actor', 'max', '--role', 'manager', '--folder', keys]);
  const logger = createLogger('test', 'silent');
  await using security = openGrpcSecurity(
    { ...files, TOKEN_KEYS_FILE: join(keys, 'keys.json') },
    { services: ['ticketing'], clock: systemClock, logger },
  );
  const api = {
    getTicket: async (_: unknown, { caller }: CallOptions = {}) => ({ ...ticket, subject: caller?.actor }),
  };
  const implementation = new Proxy(api, { get: (target, name) => Reflect.get(target, name) ?? (() => {}) });
  const server = createGrpcServer({
    bindings: [
      bindGrpc('tributary.tickets.v1.TicketService', TicketServiceService, implementation as unknown as TicketApi),
    ],
    ...{ host: '127.0.0.1', port: 0, logger, ...security },
  });
  await server.start();
  try {
    const environment = { TICKETING_ADDRESS: `localhost:${server.port}`, ...files };
    const show = ['tickets', 'show', '20261122001', '--json'];
    expect(await tributary(show, environment)).toMatchObject({ exitCode: 5, stdout: '' });
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, made.stdout);
    const found = await tributary(show, { ...environment, TRIBUTARY_TOKEN_FILE: tokenFile });
    expect(JSON.parse(found.stdout)).toMatchObject({ subject: 'max' });
  } finally {
    await server.stop();
  }
});

test('it follows the embedded log that another process has open, and ends at Ctrl-C', async () => {
  await using log = await openEmbeddedLog({ folder: join(folder, 'log') });
  await log.applyTopics(allTopics);
  const child = start(['tail', 'messages.inbound.v1', '--from', 'start']);
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  for (const id of ['m1', 'm2']) {
    const message = InboundMessage.fromJSON({ id, conversationKey: 'email:1' });
    await log.append([encodeEvent(topics.inbound, message, 'test')]);
    await until(`the line of ${id}`, () => stdout.includes(`"id":"${id}"`));
  }
  child.kill('SIGINT');
  expect((await once(child, 'exit'))[0]).toBe(130);
});

test('a reader that goes away ends it without noise', async () => {
  await using log = await openEmbeddedLog({ folder: join(folder, 'log') });
  await log.applyTopics(allTopics);
  const child = start(['tail', 'messages.inbound.v1', '--from', 'start']);
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const append = (id: string) =>
    log.append([encodeEvent(topics.inbound, InboundMessage.fromJSON({ id, conversationKey: 'k' }), 'test')]);
  await append('m1');
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  child.stdout?.destroy();
  await append('m2');
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(stderr).toBe('');
});

test('without a log it makes none, except to apply topics', async () => {
  const missing = await tributary(['tail', 'messages.inbound.v1']);
  expect(missing.exitCode).toBe(4);
  expect(missing.stderr).toContain('There is no event log in');
  expect((await tributary(['topics', 'apply'])).exitCode).toBe(0);
  expect((await tributary(['tail', 'messages.inbound.v1', '--from', 'start', '--no-follow'])).exitCode).toBe(0);
});

test('help loads neither gRPC nor Kafka nor the log', async () => {
  const child = spawn(
    process.execPath,
    ['--conditions=@tributary/source', '--import', join(import.meta.dirname, 'print-loaded.mjs'), main, '--help'],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env['PATH'] } as NodeJS.ProcessEnv },
  );
  const loaded = await text(child.stdout);
  expect(loaded).toContain('loaded file:');
  expect(loaded).not.toMatch(/loaded .*(grpc|kafkajs|protobuf|packages\/(contracts|runtime|eventlog)|nodemailer)/);
});
