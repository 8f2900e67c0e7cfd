import { randomUUID } from 'node:crypto';
import { openMongoStore } from '@tributary/docstore/mongo';
import type { EventLog } from '@tributary/eventlog';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { OpenAdapters } from './desk.ts';
import { describeCalls } from './suites/calls.ts';
import { describeLifeOfATicket } from './suites/life-of-a-ticket.ts';
import { describePlacingMessages } from './suites/placing-messages.ts';
import { describePublicFirst } from './suites/public-first.ts';
import { describePublishingEvents } from './suites/publishing-events.ts';

const brokers = inject('kafkaBrokers');
const mongoUrl = inject('mongoUrl');

describe.skipIf(brokers === undefined || mongoUrl === undefined)('ticketing on Kafka and MongoDB', () => {
  let eventLog: EventLog;
  beforeAll(async () => {
    const topicPrefix = `ticketing-${randomUUID().slice(0, 8)}.`;
    eventLog = await openKafkaLog({ brokers: (brokers ?? '').split(','), clientId: 'ticketing-test', topicPrefix });
  });
  afterAll(async () => {
    await eventLog[Symbol.asyncDispose]();
  });
  /** One log for all, as topics are slow to make; a database for each. */
  const open: OpenAdapters = async () => {
    const docStore = await openMongoStore({ url: mongoUrl ?? '', database: `ticketing_${randomUUID().slice(0, 8)}` });
    return { eventLog, docStore, [Symbol.asyncDispose]: () => docStore[Symbol.asyncDispose]() };
  };
  describeLifeOfATicket(open);
  describePlacingMessages(open);
  describePublicFirst(open);
  describePublishingEvents(open);
  describeCalls(open);
});
