import { EventEmitter } from 'node:events';
import { ManualClock, until } from '@tributary/testing';
import type { Kafka } from 'kafkajs';
import { expect, test } from 'vitest';
import { KafkaConsumer } from './kafka-consumer.ts';

const events = { GROUP_JOIN: 'join', REBALANCING: 'rebalancing', CRASH: 'crash' } as const;

/** A client whose consumers do what the test tells them. */
function scriptedKafka() {
  const consumers: (EventEmitter & { readonly isRunning: () => boolean })[] = [];
  const consumer = () => {
    let running = false;
    const emitter = Object.assign(new EventEmitter(), {
      events,
      isRunning: () => running,
      connect: async () => {},
      subscribe: async () => {},
      run: async () => {
        running = true;
      },
      disconnect: async () => {},
    });
    consumers.push(emitter);
    return emitter;
  };
  return { consumers, kafka: { consumer } as unknown as Kafka };
}

test('what kafkajs gives up on is no end: the group is joined anew, and its absence is a problem meanwhile', async () => {
  const clock = new ManualClock();
  const { consumers, kafka } = scriptedKafka();
  const consumer = new KafkaConsumer({
    ...{ kafka, groupId: 'readers', topics: ['notes'], topicPrefix: '', maxBatch: 10, clock, logger: undefined },
    commits: true,
    take: async () => true,
    problems: () => [],
    ended: () => {},
  });
  const joined = consumer.join();
  await until('the first member', () => consumers[0]?.isRunning());
  consumers[0]?.emit(events.GROUP_JOIN, { payload: { memberAssignment: {} } });
  await joined;
  expect(consumer.problems()).toEqual([]);

  const error = new Error('Failed to find group coordinator');
  consumers[0]?.emit(events.CRASH, { payload: { error, restart: false } });
  expect(consumer.problems()).toEqual(['cannot join group readers: Failed to find group coordinator']);
  await clock.advance(200);
  await until('the second member', () => consumers[1]?.isRunning());
  consumers[1]?.emit(events.GROUP_JOIN, { payload: { memberAssignment: {} } });
  expect(consumer.problems()).toEqual([]);
  await consumer.stop();
  await consumer.done;
});
