import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imapAnswers } from '../src/servers/imap-probe.ts';
import {
  isUnavailable,
  type RunningDovecot,
  type RunningServer,
  startDovecot,
  startKafka,
  startMongo,
  type Unavailable,
} from '../src/servers/index.ts';
import { kafkaAnswers } from '../src/servers/kafka-probe.ts';
import { mongoAnswers, mongoCommand, saysOk } from '../src/servers/mongo-probe.ts';
import { isRunning } from '../src/servers/process-table.ts';
import { until } from '../src/until.ts';

const report = (line: string) => console.error(line);
const startMs = 600_000; // The first start on a machine builds what is missing.

function available<T extends RunningServer>(server: T | Unavailable): T {
  if (isUnavailable(server)) throw new Error(server.unavailable);
  return server;
}

describe('Kafka', () => {
  let kafka: RunningServer;
  beforeAll(async () => {
    kafka = available(await startKafka({ report }));
  }, startMs);
  afterAll(() => kafka?.stop());

  test('answers, is gone when killed, and comes back on the same port', async (context) => {
    if (kafka.how === 'environment') context.skip('KAFKA_BROKERS names a server that is not ours to kill');
    const { url, pids } = kafka;
    expect(await kafkaAnswers(url)).toBe(true);
    kafka.kill();
    await until('the server to be gone', async () => !(await kafkaAnswers(url)) && !pids.some(isRunning));
    await kafka.restart();
    expect(kafka.url).toBe(url);
    expect(await kafkaAnswers(url)).toBe(true);
  });
});

describe('MongoDB', () => {
  let mongo: RunningServer;
  beforeAll(async () => {
    mongo = available(await startMongo({ report }));
  }, startMs);
  afterAll(() => mongo?.stop());

  test('keeps what it acknowledged when killed, and comes back on the same port', async (context) => {
    if (mongo.how === 'environment') context.skip('MONGODB_URL names a server that is not ours to kill');
    const { url, pids } = mongo;
    const created = await mongoCommand(url, { create: 'kept', $db: 'smoke' });
    expect(created && saysOk(created)).toBe(true);
    mongo.kill();
    await until('the server to be gone', async () => !(await mongoAnswers(url)) && !pids.some(isRunning));
    await mongo.restart();
    expect(mongo.url).toBe(url);
    const listed = await mongoCommand(url, { listCollections: 1, $db: 'smoke' });
    expect(listed?.includes('kept')).toBe(true);
  });
});

describe('Dovecot', () => {
  let dovecot: RunningDovecot;
  beforeAll(async () => {
    dovecot = available(await startDovecot({ report, users: { 'support@example.com': 'secret' } }));
  }, startMs);
  afterAll(() => dovecot?.stop());

  test('lets its users in, is gone when killed, and comes back with their mail', async () => {
    const { imapPort } = dovecot;
    expect(await imapAnswers(imapPort, 'support@example.com', 'secret')).toBe(true);
    expect(await imapAnswers(imapPort, 'support@example.com', 'wrong')).toBe(false);
    dovecot.deliver('support@example.com', 'From: a@example.com\r\nSubject: Hello\r\n\r\nHello\r\n');
    dovecot.kill();
    await until('the server to be gone', async () => !(await imapAnswers(imapPort, 'support@example.com', 'secret')));
    await dovecot.restart();
    expect(dovecot.imapPort).toBe(imapPort);
    expect(await imapAnswers(imapPort, 'support@example.com', 'secret')).toBe(true);
  });

  test('leaves nothing behind when stopped', async () => {
    const other = available(await startDovecot({ report, users: { bob: 'secret' } }));
    expect(other.imapPort).not.toBe(dovecot.imapPort);
    const maildir = other.maildir('bob');
    expect(existsSync(maildir)).toBe(true);
    await other.stop();
    expect(existsSync(maildir)).toBe(false);
    expect(other.pids.some(isRunning)).toBe(false);
    await other.stop();
  });
});
