import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '@tributary/blobstore';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  allTopics,
  type Delivery,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  OutboundMessage,
  OutboundPurpose,
  topics,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Clock, createLogger, systemClock } from '@tributary/runtime';
import { until } from '@tributary/testing';
import { createTransport } from 'nodemailer';
import {
  createEmailGateway,
  type EmailConfig,
  type EmailGateway,
  type EmailGatewayDependencies,
  readEmailConfig,
} from '../src/service.ts';

export const support = 'support@tributary.local';

/** A gateway on embedded adapters in a folder of its own, with what came out of it. */
export interface GatewayUnderTest extends AsyncDisposable {
  readonly gateway: EmailGateway;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  readonly folder: string;
  readonly config: EmailConfig;
  /** In the order of the log, repeats included. */
  readonly inbound: InboundMessage[];
  readonly deliveries: Delivery[];
  /** Sends raw bytes by SMTP as they are. Rejects with the server's answer. */
  smtp(raw: string | Uint8Array, envelope?: { from?: string; to?: string[] }): Promise<string>;
  /** The next inbound message, waited for. */
  nextInbound(): Promise<InboundMessage>;
  send(message: Partial<OutboundMessage>): Promise<OutboundMessage>;
}

export interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly config?: (config: EmailConfig) => EmailConfig;
  readonly wrapLog?: (log: EventLog) => EventLog;
  readonly parse?: EmailGatewayDependencies['parse'];
  readonly clock?: Clock;
  /** Goes on with the data of another, as after a restart. */
  readonly folder?: string;
}

export async function startGateway(options: Options = {}): Promise<GatewayUnderTest> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'tributary-email-')));
  const log = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'docs') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  await log.applyTopics(
    allTopics.flatMap(({ name, partitions, retentionMs }) => [
      { name, partitions, retentionMs },
      { name: deadLetterTopic(name), partitions: 1, retentionMs: -1 },
    ]),
  );
  const inbound: InboundMessage[] = [];
  const deliveries: Delivery[] = [];
  let taken = 0;
  const tail = await log.tail({
    topics: [topics.inbound.name, topics.delivery.name],
    from: 'end',
    handle(record) {
      if (record.topic === topics.inbound.name) inbound.push(decodeEvent(topics.inbound, record));
      else deliveries.push(decodeEvent(topics.delivery, record));
    },
  });
  const read = readEmailConfig({ SMTP_PORT: '0', TRIBUTARY_DATA_DIR: folder, ...options.environment });
  const config = options.config?.(read) ?? read;
  const eventLog = options.wrapLog?.(log) ?? log;
  const gateway = await createEmailGateway({
    config,
    eventLog,
    docStore,
    blobStore,
    clock: options.clock ?? systemClock,
    logger: createLogger('gateway-email', process.env.LOG_LEVEL ?? 'silent'),
    ...(options.parse === undefined ? {} : { parse: options.parse }),
  });
  await gateway.start();
  return {
    gateway,
    eventLog: log,
    docStore,
    blobStore,
    folder,
    config,
    inbound,
    deliveries,
    async smtp(raw, envelope = {}) {
      const transport = createTransport({ host: '127.0.0.1', port: gateway.smtpPort, ignoreTLS: true });
      try {
        const sent = await transport.sendMail({
          envelope: { from: envelope.from ?? 'customer@example.com', to: envelope.to ?? [support] },
          raw: Buffer.from(raw),
        });
        return sent.response;
      } finally {
        transport.close();
      }
    },
    async nextInbound() {
      const wanted = taken++;
      return until('an inbound message', () => inbound[wanted]);
    },
    async send(message) {
      const whole = OutboundMessage.fromPartial({
        id: 'a'.repeat(32),
        ticketId: 'b'.repeat(32),
        ticketNumber: '20260501001',
        channel: 'email',
        account: support,
        conversationKey: 'email:1',
        recipients: [{ kind: 'email', address: 'customer@example.com', displayName: 'Ada' }],
        subject: 'It does not start',
        text: 'We have your message.',
        purpose: OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT,
        createdTime: new Date('2026-05-01T08:00:00Z'),
        ...message,
      });
      await log.append([encodeEvent(topics.outbound, whole, 'tributary/ticketing')]);
      return whole;
    },
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await tail.stop();
      await log[Symbol.asyncDispose]();
      await docStore[Symbol.asyncDispose]();
      await blobStore[Symbol.asyncDispose]();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
