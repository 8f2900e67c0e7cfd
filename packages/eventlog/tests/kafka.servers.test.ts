import { randomUUID } from 'node:crypto';
import { until } from '@tributary/testing';
import { isUnavailable, type RunningServer, startKafka } from '@tributary/testing/servers';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { LogRecord } from '../src/index.ts';
import { openKafkaLog } from '../src/kafka/index.ts';
import { eventLogContract, record } from './contract.ts';
import { spawnScript } from './processes/spawn-script.ts';

const shared = inject('kafkaBrokers');
const topic = 'orders.v1';
const kafkaChild = new URL('./processes/kafka-child.ts', import.meta.url);
const spec = { name: topic, partitions: 6, retentionMs: 3_600_000 };
const idOf = (found: LogRecord) => found.headers['ce_id'] as string;

/** A broker shared by many runs would drown in what they leave behind. */
async function deleteTopics(brokers: string[], topicPrefix: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(topicPrefix));
  await admin.deleteTopics({ topics });
  await admin.disconnect();
}

if (shared !== undefined) {
  const brokers = shared.split(',');

  eventLogContract('Kafka', async () => {
    const topicPrefix = `${randomUUID()}.`;
    return {
      open: () => openKafkaLog({ brokers, clientId: 'contract', topicPrefix }),
      [Symbol.asyncDispose]: () => deleteTopics(brokers, topicPrefix),
    };
  });

  describe('the log on Kafka', () => {
    test("applying topics keeps an operator's own settings of a topic", async () => {
      const topicPrefix = `${randomUUID()}.`;
      await using log = await openKafkaLog({ brokers, clientId: 'test', topicPrefix });
      await log.applyTopics([spec]);
      const admin = new kafkajs.Kafka({ brokers }).admin();
      await admin.connect();
      const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topicPrefix + topic };
      const configEntries = [
        { name: 'retention.ms', value: '3600000' },
        { name: 'segment.ms', value: '123456' },
      ];
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
      const read = async (name: string) => {
        const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
        return resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue;
      };
      await until('the operator’s setting', async () => (await read('segment.ms')) === '123456');
      await log.applyTopics([{ ...spec, retentionMs: 7_200_000 }]);
      await until('our setting', async () => (await read('retention.ms')) === '7200000');
      expect(await read('segment.ms')).toBe('123456');
      await admin.disconnect();
      await deleteTopics(brokers, topicPrefix);
    });

    test('I4: what a member held when it was killed with -9 comes to another', async () => {
      const topicPrefix = `${randomUUID()}.`;
      await using log = await openKafkaLog({ brokers, clientId: 'test', topicPrefix });
      await log.applyTopics([spec]);
      const child = spawnScript(kafkaChild, brokers[0] as string, topicPrefix);
      const ids = Array.from({ length: 60 }, (_, index) => String(index));
      await log.append(ids.map((id) => record(`key-${id}`, id)));
      await until('the child to hold all', () => child.lines.length === 60);
      await child.kill();
      const seen = new Set<string>();
      const consumer = await log.consume({
        group: 'readers',
        topics: [topic],
        handle: async ({ records }) => {
          for (const found of records) seen.add(idOf(found));
        },
      });
      await until('all of them', () => ids.every((id) => seen.has(id)));
      await consumer.stop();
      await deleteTopics(brokers, topicPrefix);
    });
  });

  describe('the log on a Kafka that dies', () => {
    let broker: RunningServer;

    beforeAll(async () => {
      // A broker of our own, whatever the environment names: this one is killed.
      const named = process.env['KAFKA_BROKERS'];
      delete process.env['KAFKA_BROKERS'];
      const started = await startKafka({ report: (line) => process.stderr.write(`${line}\n`) });
      if (named !== undefined) process.env['KAFKA_BROKERS'] = named;
      if (isUnavailable(started)) throw new Error(started.unavailable);
      broker = started;
    }, 180_000);

    afterAll(() => broker?.stop());

    test('I1, I2: kill -9 of the broker during appends loses no acknowledged record and reorders none of a key', async () => {
      await using log = await openKafkaLog({ brokers: [broker.url], clientId: 'test', appendTimeoutMs: 60_000 });
      await log.applyTopics([spec]);
      const consumed: string[] = [];
      const consumer = await log.consume({
        group: 'survivors',
        topics: [topic],
        handle: async ({ records }) => {
          consumed.push(...records.map(idOf));
        },
      });
      const tailed: LogRecord[] = [];
      const tail = await log.tail({
        topics: [topic],
        from: 'end',
        handle: (found) => {
          tailed.push(found);
        },
      });
      let appending = true;
      let acknowledged = 0;
      const expected = new Map<string, string[]>();
      // Two appends of each key are on their way at a time, so that a failure could reorder them.
      const produce = async (key: string) => {
        const ids: string[] = [];
        expected.set(key, ids);
        const once = async () => {
          const id = `${key}/${ids.length}`;
          ids.push(id);
          await log.append([record(key, id)]);
          acknowledged++;
        };
        while (appending) await Promise.all([once(), once()]);
      };
      const load = Promise.all(Array.from({ length: 20 }, (_, index) => produce(`key-${index}`)));
      for (let kills = 0; kills < 2; kills++) {
        const before = acknowledged;
        await until('acknowledgements', () => acknowledged > before + 2000);
        broker.kill();
        await until('the problem', () => log.problems().length > 0);
        await broker.restart();
      }
      const before = acknowledged;
      await until('acknowledgements again', () => acknowledged > before + 500);
      appending = false;
      await load;

      await until('the tail to have all', () => new Set(tailed.map(idOf)).size === acknowledged, { timeoutMs: 60_000 });
      for (const [key, ids] of expected) {
        const firstSeen = new Set(tailed.filter((found) => found.key === key).map(idOf));
        expect([...firstSeen]).toEqual(ids);
      }
      const places = tailed.map(({ partition, offset }) => `${partition}/${offset}`);
      expect(new Set(places).size).toBe(places.length);
      await until('the consumer to have all', () => new Set(consumed).size === acknowledged, { timeoutMs: 60_000 });
      expect(consumer.problems()).toEqual([]);
      expect(tail.problems()).toEqual([]);
      expect(log.problems()).toEqual([]);
    }, 240_000);

    test('an append rejects after its time-out while the broker is away; consume waits for it', async () => {
      await using log = await openKafkaLog({ brokers: [broker.url], clientId: 'test', appendTimeoutMs: 500 });
      const other = { ...spec, name: 'other.v1' };
      await log.applyTopics([other]);
      broker.kill();
      await using later = await openKafkaLog({ brokers: [broker.url], clientId: 'test' });
      const seen: string[] = [];
      const consuming = later.consume({
        group: 'patient',
        topics: ['other.v1'],
        handle: async ({ records }) => {
          seen.push(...records.map(idOf));
        },
      });
      await expect(log.append([record('key', 'in vain', 'other.v1')])).rejects.toThrow(
        /not acknowledged within 500 ms/,
      );
      await until('the problem', () => later.problems().length > 0);
      await broker.restart();
      await consuming;
      expect(later.problems()).toEqual([]);
      await until('an append to get through', () =>
        log.append([record('key', 'again', 'other.v1')]).then(
          () => true,
          () => false,
        ),
      );
      await until('the record', () => seen.includes('again'));
    }, 120_000);

    test('closing while the broker is away does not hang', async () => {
      const log = await openKafkaLog({ brokers: [broker.url], clientId: 'test', appendTimeoutMs: 500 });
      await log.applyTopics([spec]);
      await log.consume({ group: 'leaving', topics: [topic], handle: async () => {} });
      broker.kill();
      await log[Symbol.asyncDispose]();
      await broker.restart();
    }, 120_000);
  });
}
