import { setTimeout } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import type { GroupLag, TopicSpec, TopicStatus } from '../port.ts';
import { protocolErrorOf } from './protocol-error.ts';

/** What is asked of the brokers about topics and groups. Each question has its own connection: they are rare. */
export class KafkaTopics {
  readonly #kafka: Kafka;
  readonly #prefix: string;
  readonly #replicationFactor: number;

  constructor(kafka: Kafka, prefix: string, replicationFactor: number) {
    this.#kafka = kafka;
    this.#prefix = prefix;
    this.#replicationFactor = replicationFactor;
  }

  /**
   * Whether there is a topic. Asked for one by one: kafkajs fails a question about several when one of them has no leader
   * at the moment.
   */
  exists(topic: string): Promise<boolean> {
    return this.#ask(async (admin) => {
      try {
        await admin.fetchTopicMetadata({ topics: [this.#prefix + topic] });
        return true;
      } catch (error) {
        const type = protocolErrorOf(error);
        if (type === 'LEADER_NOT_AVAILABLE') return true;
        if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'INVALID_TOPIC_EXCEPTION') return false;
        throw error;
      }
    });
  }

  apply(specs: readonly TopicSpec[]): Promise<{ created: string[]; changed: string[] }> {
    return this.#ask(async (admin) => {
      const existing = new Set(await this.#names(admin));
      const missing = specs.filter(({ name }) => !existing.has(name));
      if (missing.length > 0) {
        await admin.createTopics({
          // Fails while the broker that is asked has not heard of the new topics yet.
          waitForLeaders: false,
          topics: missing.map(({ name, partitions, retentionMs }) => ({
            topic: this.#prefix + name,
            numPartitions: partitions,
            replicationFactor: this.#replicationFactor,
            configEntries: [{ name: retentionKey, value: String(retentionMs) }],
          })),
        });
      }
      const changed = new Set<string>();
      const present = specs.filter((spec) => !missing.includes(spec));
      for (const name of await this.#addPartitions(admin, present)) changed.add(name);
      for (const name of await this.#setRetention(admin, present)) changed.add(name);
      await this.#untilKnown(admin, specs);
      return { created: missing.map(({ name }) => name), changed: [...changed] };
    });
  }

  list(): Promise<TopicStatus[]> {
    return this.#ask(async (admin) => {
      const names = await this.#names(admin);
      if (names.length === 0) return [];
      const retention = await retentionOf(
        admin,
        names.map((name) => this.#prefix + name),
      );
      return Promise.all(
        names.map(async (name) => {
          const offsets = await admin.fetchTopicOffsets(this.#prefix + name);
          return {
            name,
            partitions: offsets.length,
            retentionMs: retention.get(this.#prefix + name) ?? -1,
            records: offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0),
          };
        }),
      );
    });
  }

  /** @param topics What the group is known to read, beside what it has committed. */
  lag(group: string, topics: Iterable<string>): Promise<GroupLag[]> {
    return this.#ask(async (admin) => {
      const committed = new Map<string, number>();
      const names = new Set([...topics].map((topic) => this.#prefix + topic));
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: this.#prefix + group })) {
        names.add(topic);
        for (const { partition, offset } of partitions) committed.set(`${topic}/${partition}`, Number(offset));
      }
      const lags = [...names].map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).map(({ partition, high, low }) => ({
          topic: topic.slice(this.#prefix.length),
          partition,
          lag: Number(high) - Math.max(Number(low), committed.get(`${topic}/${partition}`) ?? -1),
        })),
      );
      return (await Promise.all(lags))
        .flat()
        .sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
    });
  }

  /** Where to begin to read, by topic and partition: the offset of the first record from a time on, or of either end. */
  positions(topics: readonly string[], from: 'start' | 'end' | number): Promise<Map<string, number>> {
    return this.#ask(async (admin) => {
      const positions = new Map<string, number>();
      for (const topic of topics) {
        const name = this.#prefix + topic;
        const offsets =
          typeof from === 'number'
            ? await admin.fetchTopicOffsetsByTimestamp(name, from)
            : (await admin.fetchTopicOffsets(name)).map(({ partition, high, low }) => ({
                partition,
                offset: from === 'end' ? high : low,
              }));
        for (const { partition, offset } of offsets) positions.set(`${topic}/${partition}`, Number(offset));
      }
      return positions;
    });
  }

  /** Brokers hear of new topics and partitions a little after they were made; a busy one takes seconds. */
  async #untilKnown(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
    const giveUpAtMs = performance.now() + knownWithinMs;
    for (; performance.now() < giveUpAtMs; await setTimeout(200)) {
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => this.#prefix + name) });
        const ready = specs.every(({ name, partitions }) => {
          const known = topics.find((topic) => topic.name === this.#prefix + name)?.partitions ?? [];
          return known.length >= partitions && known.every(({ leader }) => leader >= 0);
        });
        if (ready) {
          // Leaders answer for their partitions a little later still; until then they would refuse parts of a request.
          for (const { name } of specs) await admin.fetchTopicOffsets(this.#prefix + name);
          return;
        }
      } catch (error) {
        if (!awaited.has(protocolErrorOf(error) ?? '')) throw error;
      }
    }
    throw new Error(`the brokers do not serve the topics within ${knownWithinMs} ms`);
  }

  /** Of all topics that there are. Names that begin with two underscores are Kafka's own. */
  async #names(admin: Admin): Promise<string[]> {
    const names = (await admin.listTopics()).filter((name) => name.startsWith(this.#prefix) && !name.startsWith('__'));
    return names.map((name) => name.slice(this.#prefix.length));
  }

  async #addPartitions(admin: Admin, specs: readonly TopicSpec[]): Promise<string[]> {
    if (specs.length === 0) return [];
    const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => this.#prefix + name) });
    const { brokers } = await admin.describeCluster();
    const raised = specs.flatMap(({ name, partitions: count }) => {
      const partitions = topics.find((topic) => topic.name === this.#prefix + name)?.partitions ?? [];
      if (partitions.length >= count) return [];
      const replicas = partitions[0]?.replicas.length ?? 1;
      // Kafka 4 refuses kafkajs's request without them: replicas go round the brokers, like Kafka's own choice.
      const assignments = Array.from({ length: count - partitions.length }, (_, added) =>
        Array.from({ length: replicas }, (_, replica) => {
          const broker = brokers[(partitions.length + added + replica) % brokers.length];
          return (broker as { nodeId: number }).nodeId;
        }),
      );
      return [{ topic: this.#prefix + name, count, assignments }];
    });
    if (raised.length > 0) await admin.createPartitions({ topicPartitions: raised });
    return raised.map(({ topic }) => topic.slice(this.#prefix.length));
  }

  async #setRetention(admin: Admin, specs: readonly TopicSpec[]): Promise<string[]> {
    if (specs.length === 0) return [];
    const resources = await describe(
      admin,
      specs.map(({ name }) => this.#prefix + name),
    );
    const altered = specs.flatMap(({ name, retentionMs }) => {
      const entries = resources.find(({ resourceName }) => resourceName === this.#prefix + name)?.configEntries ?? [];
      if (entries.find((entry) => entry.configName === retentionKey)?.configValue === String(retentionMs)) return [];
      // The request replaces all settings of the topic, so those that an operator made go along.
      const kept = entries.filter((entry) => entry.configSource === topicSetting && entry.configName !== retentionKey);
      const configEntries = kept.map((entry) => ({ name: entry.configName, value: entry.configValue }));
      return [{ name, configEntries: [...configEntries, { name: retentionKey, value: String(retentionMs) }] }];
    });
    if (altered.length > 0) {
      await admin.alterConfigs({
        validateOnly: false,
        resources: altered.map(({ name, configEntries }) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: this.#prefix + name,
          configEntries,
        })),
      });
    }
    return altered.map(({ name }) => name);
  }

  /** Asks, and asks again while a leader is being elected: also of topics that are not ours, which are listed too. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      for (let attempt = 0; ; attempt++) {
        try {
          return await question(admin);
        } catch (error) {
          if (protocolErrorOf(error) !== 'LEADER_NOT_AVAILABLE' || attempt >= 50) throw error;
          await setTimeout(200);
        }
      }
    } finally {
      await admin.disconnect();
    }
  }
}

const knownWithinMs = 30_000;
/** What a broker says of a topic that it has not heard of, or that has no leader yet. */
const awaited = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']);
const retentionKey = 'retention.ms';
/** DYNAMIC_TOPIC_CONFIG: set on the topic itself, neither a default nor the broker's. */
const topicSetting: number = kafkajs.ConfigSource.TOPIC_CONFIG;

async function describe(admin: Admin, names: readonly string[]) {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return resources;
}

async function retentionOf(admin: Admin, names: readonly string[]): Promise<Map<string, number>> {
  return new Map(
    (await describe(admin, names)).map(({ resourceName, configEntries }) => [
      resourceName,
      Number(configEntries.find((entry) => entry.configName === retentionKey)?.configValue ?? -1),
    ]),
  );
}
