import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  type AgentApi,
  allTopics,
  type Delivery,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  OutboundMessage,
  type Topic,
  topics,
} from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { createHttpServer, createLogger } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { startTwilioSimulator } from '@tributary/testing/simulators/twilio';
import { onTestFinished } from 'vitest';
import { readPhoneConfig } from '../src/config.ts';
import { createPhoneGateway } from '../src/service.ts';
import { ourNumber, twilio } from './twilio-contract.ts';

const logger = createLogger('test', 'silent');

/** The whole telephone gateway on embedded stores, with a simulated Twilio before it and a clock that the test drives. */
export async function openTelephoneWorld(settings: { readonly channels?: string[] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-phone-'));
  const clock = new ManualClock();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const simulator = await startTwilioSimulator({
    accounts: [twilio],
    numbers: [
      {
        accountSid: twilio.accountSid,
        number: ourNumber,
        smsUrl: `${url}/channels/sms/messages`,
        whatsappUrl: `${url}/channels/whatsapp/messages`,
      },
    ],
    now: () => clock.now(),
  });
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'docs') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  await eventLog.applyTopics(
    allTopics.flatMap(({ name, partitions, retentionMs }) => [
      { name, partitions, retentionMs },
      { name: deadLetterTopic(name), partitions: 1, retentionMs: -1 },
    ]),
  );
  const follow = async <T>(topic: Topic<T>): Promise<T[]> => {
    const list: T[] = [];
    const handle = (record: Parameters<typeof decodeEvent>[1]) => void list.push(decodeEvent(topic, record));
    await eventLog.tail({ topics: [topic.name], from: 'start', handle });
    return list;
  };
  const inbound: InboundMessage[] = await follow(topics.inbound);
  const deliveries: Delivery[] = await follow(topics.delivery);
  const account = {
    account_sid: twilio.accountSid,
    auth_token: twilio.authToken,
    api_url: simulator.url,
    numbers: [{ number: ourNumber, channels: settings.channels ?? ['sms', 'whatsapp'] }],
  };
  const config = readPhoneConfig({ TWILIO_ACCOUNTS: JSON.stringify([account]), PUBLIC_URL: url });
  const gateway = await createPhoneGateway({
    config,
    agents: {} as AgentApi,
    eventLog,
    docStore,
    blobStore,
    clock,
    logger,
  });
  const http = createHttpServer({ plugins: [gateway.http], host: '127.0.0.1', port, logger, problems: () => [] });
  await http.start();
  await gateway.start();
  onTestFinished(async () => {
    await http.stop();
    await gateway.stop();
    await simulator[Symbol.asyncDispose]();
    for (const store of [eventLog, docStore, blobStore]) await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    ...{ url, clock, simulator, gateway, inbound, deliveries, blobStore },
    /** Moves the time on until it is so. */
    passing: (what: string, isSo: () => unknown) =>
      until(what, async () => {
        await clock.advance(500);
        return isSo();
      }),
    received: (count: number) => until(`message ${count}`, () => inbound[count - 1]),
    /** We answer that message, as ticketing would. */
    async reply(message: InboundMessage, text: string, more: Partial<OutboundMessage> = {}): Promise<void> {
      const { channel, account: from, conversationKey, sender } = message;
      const outbound = OutboundMessage.fromPartial({
        id: `reply-${text.replaceAll(/\W/g, '-')}`,
        ticketId: 'ticket-1',
        ...{ channel, account: from, conversationKey, text },
        recipients: sender === undefined ? [] : [sender],
        createdTime: new Date(clock.now()),
        ...more,
      });
      await eventLog.append([encodeEvent(topics.outbound, outbound, 'test')]);
    },
  };
}
