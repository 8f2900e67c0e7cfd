import { readFileSync } from 'node:fs';
import { deadLetterTopic, topicAccess, topicAcls, topics } from '@tributary/contracts';
import type { KafkaConnection } from '@tributary/runtime';
import { type CertificateAuthority, createCertificateAuthority, until } from '@tributary/testing';
import { isUnavailable, type SecuredKafka, startSecuredKafka } from '@tributary/testing/servers';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKafkaLog } from '../src/kafka/index.ts';
import { record } from './contract.ts';

let authority: CertificateAuthority;
let broker: SecuredKafka;
const passwords = Object.fromEntries(topicAccess.map(({ service }) => [service, `${service}-password`]));
const everyTopic = Object.values(topics).map(({ name }) => ({ name, partitions: 1, retentionMs: 3_600_000 }));

/** How a service connects to the listener that wants TLS and a login. */
function connection(service: string, change: Partial<KafkaConnection> = {}): KafkaConnection {
  return {
    brokers: [broker.securedUrl],
    tls: { ca: readFileSync(authority.caFile) },
    sasl: { mechanism: 'scram-sha-512', username: service, password: passwords[service] ?? '' },
    ...change,
  };
}
const open = (service: string, change?: Partial<KafkaConnection>) =>
  openKafkaLog({ ...connection(service, change), clientId: service });

beforeAll(async () => {
  authority = createCertificateAuthority();
  const started = await startSecuredKafka(
    { report: (line) => process.stderr.write(`${line}\n`) },
    authority,
    passwords,
  );
  if (isUnavailable(started)) throw new Error(started.unavailable);
  broker = started;
  await using log = await openKafkaLog({ brokers: [broker.url], clientId: 'operator' });
  await log.applyTopics(everyTopic);
  const admin = new kafkajs.Kafka({ brokers: [broker.url], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
  await admin.createAcls({
    acl: topicAcls().map(({ service, resource, name, isPrefix, operation }) => ({
      resourceType: resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
      resourceName: name,
      resourcePatternType: isPrefix ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${service}`,
      host: '*',
      operation: operation === 'read' ? AclOperationTypes.READ : AclOperationTypes.WRITE,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  });
  await admin.disconnect();
}, 180_000);

afterAll(async () => {
  await broker?.stop();
  authority[Symbol.dispose]();
});

test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
  '%s over TLS: appended, and consumed',
  async (mechanism) => {
    const sasl = { mechanism, username: 'router', password: 'router-password' };
    await using log = await open('router', { sasl });
    const seen: string[] = [];
    await log.tail({
      topics: [topics.offers.name],
      from: 'end',
      handle: (found) => {
        seen.push(found.headers['ce_id'] as string);
      },
    });
    await log.append([record('key', mechanism, topics.offers.name)]);
    await until('the record', () => seen.includes(mechanism));
    expect(log.problems()).toEqual([]);
  },
);

test('without TLS, without a login, with a wrong password or an authority that is not theirs, nothing is appended', async () => {
  using stranger = createCertificateAuthority();
  const sasl = { mechanism: 'scram-sha-512', username: 'router', password: 'guessed' } as const;
  const { brokers, tls, sasl: login } = connection('router');
  const attempts: KafkaConnection[] = [
    { brokers, ...(login && { sasl: login }) },
    { brokers, ...(tls && { tls }) },
    connection('router', { sasl }),
    connection('router', { tls: { ca: readFileSync(stranger.caFile) } }),
  ];
  await Promise.all(
    attempts.map(async (attempt) => {
      const log = await openKafkaLog({ ...attempt, clientId: 'router', appendTimeoutMs: 2000 });
      await expect(log.append([record('key', 'in vain', topics.offers.name)])).rejects.toThrow(
        /not acknowledged|refused/,
      );
      await until('the problem', () => log.problems().length > 0);
      await log[Symbol.asyncDispose]();
    }),
  );
});

test.each(topicAccess)(
  '$service gets by with its ACLs',
  async ({ service, writes, consumes, tails }) => {
    await using log = await open(service);
    // Tells this run's records from those of others.
    const own = (name: string) => `${service} ${name}`;
    const dead = consumes.map(({ topic }) => deadLetterTopic(topic));
    for (const name of [...writes, ...dead]) await log.append([record('key', own(name), name)]);
    const read = new Set<string>();
    for (const { topic, groups } of consumes) {
      for (const group of groups) {
        await log.consume({
          group,
          topics: [topic],
          handle: async ({ records }) => {
            if (records.length > 0) read.add(`${group} ${topic}`);
          },
        });
      }
    }
    for (const topic of tails) {
      await log.tail({
        topics: [topic],
        from: 'start',
        handle: () => {
          read.add(`tail ${topic}`);
        },
      });
    }
    await using operator = await openKafkaLog({ brokers: [broker.url], clientId: 'operator' });
    for (const { name } of everyTopic) await operator.append([record('key', own(name), name)]);
    const wanted = [
      ...consumes.flatMap(({ topic, groups }) => groups.map((group) => `${group} ${topic}`)),
      ...tails.map((topic) => `tail ${topic}`),
    ];
    await until('everything it reads', () => wanted.every((name) => read.has(name)));
    expect(log.problems()).toEqual([]);
  },
  60_000,
);

test.each(topicAccess)(
  '$service appends to nothing else, and joins no group of others',
  async ({ service, writes, consumes }) => {
    const allowed = new Set([...writes, ...consumes.map(({ topic }) => deadLetterTopic(topic))]);
    const others = everyTopic.map(({ name }) => name).filter((name) => !allowed.has(name));
    expect(others).not.toEqual([]);
    const kafka = new kafkajs.Kafka({
      ...{ clientId: service, brokers: [broker.securedUrl], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 3 } },
      ssl: { ca: [readFileSync(authority.caFile)] },
      sasl: { mechanism: 'scram-sha-512', username: service, password: passwords[service] ?? '' },
    });
    const producer = kafka.producer({ retry: { retries: 0 } });
    await producer.connect();
    for (const topic of others) {
      await expect(producer.send({ topic, messages: [{ value: 'x' }] })).rejects.toThrow(/not authorized/i);
    }
    await producer.disconnect();
    const groups = topicAccess.filter((other) => other.service !== service).flatMap((other) => other.consumes);
    const offsets = kafka.admin();
    await offsets.connect();
    const own = consumes[0]?.groups[0] ?? 'tail-1';
    await expect(offsets.fetchOffsets({ groupId: own })).resolves.toBeDefined();
    for (const groupId of groups.flatMap((other) => other.groups)) {
      await expect(offsets.fetchOffsets({ groupId })).rejects.toThrow(/not authorized|group coordinator/i);
    }
    await offsets.disconnect();
  },
);
