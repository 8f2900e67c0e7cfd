import { type ChannelCapabilities, OutboundMessage, Visibility } from '@tributary/contracts';
import type {
  BulkWriteResult,
  Collection,
  DocStore,
  Document,
  DocumentValue,
  Filter,
  Update,
} from '@tributary/docstore';
import type { LogRecord } from '@tributary/eventlog';
import { coalesce } from './coalesce.ts';
import { splitText } from './split-text.ts';

export type OutboundState = 'queued' | 'sending' | 'sent' | 'failed' | 'uncertain';
export type FinalState = Exclude<OutboundState, 'queued' | 'sending'>;

/** What became of a message at the provider. */
export interface Outcome {
  readonly state: FinalState;
  readonly providerMessageId: string;
  readonly reason: string;
  readonly providerCode: string;
  readonly recipient: string;
  readonly atMs: number;
}

/** One outbound message, or one part of it, on its way. The id is the message's: its unique key is what keeps a repeat from being sent. */
export interface OutboundRow extends Document {
  /** Of a message that goes out in several parts: its id. Absent: the row's own. */
  readonly messageId?: string;
  /** Which part it is, from 1 on. Absent: the whole. */
  readonly part?: number;
  /** True while more parts of the same message follow. */
  readonly partsFollow?: boolean;
  readonly ticketId: string;
  readonly account: string;
  readonly conversationKey: string;
  /** Its place in the conversation: the log's time, then its offset. */
  readonly orderAtMs: number;
  readonly offset: number;
  readonly state: OutboundState;
  /** The conversation while the message is queued or being sent. */
  readonly openConversation?: string;
  /** The conversation while it is being sent. Unique: a conversation has one message under way, over all replicas. */
  readonly sendingConversation?: string;
  /** Queued: when the next try may begin. Sending: until when its owner holds it. Absent afterwards. */
  readonly dueAtMs?: number;
  /** Who sent it last. */
  readonly owner?: string;
  readonly attempts: number;
  /** W3C trace context of what it answers. */
  readonly traceparent?: string;
  /** The message as JSON, until it is finished. */
  readonly message?: DocumentValue;
  readonly outcome?: Outcome;
  /** Present until the outcome is in the log. */
  readonly reportDueAtMs?: number;
}

const oldestFirst = { orderAtMs: 1, offset: 1, part: 1 } as const;

/** The outbound messages of one channel in the document store. `owner` is this process. */
export async function openOutboundRows(docStore: DocStore, channel: string, owner: string) {
  const rows: Collection<OutboundRow> = await docStore.collection(`outbound_${channel.replaceAll('-', '_')}`, [
    { keys: { openConversation: 1, ...oldestFirst } },
    { keys: { sendingConversation: 1 }, unique: true },
    { keys: { dueAtMs: 1 } },
    { keys: { reportDueAtMs: 1 } },
    { keys: { ticketId: 1 } },
  ]);

  /** True for those that are now ours to send. */
  const claim = coalesce<{ row: OutboundRow; untilMs: number }, boolean>(async (claims) => {
    const result = await rows.bulkWrite(
      claims.map(({ row, untilMs }) => ({
        updateOne: {
          filter: { _id: row._id, state: 'queued' },
          update: {
            $set: { state: 'sending', sendingConversation: row.conversationKey, owner, dueAtMs: untilMs },
            $inc: { attempts: 1 },
          },
        },
      })),
    );
    if (allMatched(result, claims.length)) return claims.map(() => true);
    const ours = await rows.find(
      { _id: { $in: claims.map(({ row }) => row._id) }, owner, state: 'sending' },
      { projection: { _id: 1 } },
    );
    const ids = new Set(ours.map((row) => row._id));
    return claims.map(({ row }) => ids.has(row._id));
  });

  /** Changes a row that is ours; nothing happens when it is not. */
  const change = coalesce<{ filter: Filter; update: Update }, void>(async (changes) => {
    await rows.bulkWrite(
      changes.map(({ filter, update }) => ({ updateOne: { filter: { ...filter, owner }, update } })),
    );
    return changes.map(() => undefined);
  });

  return {
    claim: (row: OutboundRow, untilMs: number) => claim({ row, untilMs }),

    /** Stores new messages. Returns those that were not there yet. */
    async insert(news: readonly OutboundRow[]): Promise<OutboundRow[]> {
      const { duplicates } = await rows.bulkWrite(news.map((document) => ({ insertOne: { document } })));
      const known = new Set(duplicates);
      return news.filter((_, index) => !known.has(index));
    },

    /** Unfinished messages of these conversations without their content, oldest first. */
    async unfinished(conversations: readonly string[]): Promise<OutboundRow[]> {
      return rows.find(
        { openConversation: { $in: [...conversations] } },
        { sort: oldestFirst, projection: { message: 0 } },
      );
    },

    /** Conversations with something due before `beforeMs` that nobody seems to look after. */
    async neglected(beforeMs: number): Promise<string[]> {
      const found = await rows.find(
        { dueAtMs: { $lte: beforeMs } },
        { sort: { dueAtMs: 1 }, limit: 10_000, projection: { conversationKey: 1 } },
      );
      return [...new Set(found.map((row) => row.conversationKey))];
    },

    async content(id: string): Promise<OutboundMessage | undefined> {
      const row = await rows.findOne({ _id: id }, { projection: { message: 1 } });
      return row?.message === undefined ? undefined : OutboundMessage.fromJSON(row.message);
    },

    requeue: (id: string, dueAtMs: number) =>
      change({
        filter: { _id: id, state: 'sending' },
        update: { $set: { state: 'queued', dueAtMs }, $unset: { sendingConversation: '' } },
      }),

    extend: (id: string, untilMs: number) =>
      change({ filter: { _id: id, state: 'sending' }, update: { $set: { dueAtMs: untilMs } } }),

    /** Also when another process has called it uncertain meanwhile: we know better. */
    finish: (id: string, outcome: Outcome) => change({ filter: { _id: id }, update: finished(outcome) }),

    /** Finishes a message that another process began and did not end. False when it was quicker. */
    async finishAbandoned(row: OutboundRow, outcome: Outcome): Promise<boolean> {
      const { matched } = await rows.updateOne(
        { _id: row._id, state: 'sending', owner: row.owner ?? null, dueAtMs: row.dueAtMs ?? null },
        finished(outcome),
      );
      return matched === 1;
    },

    /** Queues a message again that another process began and did not end. False when it was quicker. */
    async takeBack(row: OutboundRow, dueAtMs: number): Promise<boolean> {
      const { matched } = await rows.updateOne(
        { _id: row._id, state: 'sending', owner: row.owner ?? null, dueAtMs: row.dueAtMs ?? null },
        { $set: { state: 'queued', dueAtMs }, $unset: { sendingConversation: '' } },
      );
      return matched === 1;
    },

    /** A message that counted as sent and came back. False when it had already failed. */
    async finishBounced(id: string, outcome: Outcome): Promise<boolean> {
      const { matched } = await rows.updateOne({ _id: id, state: { $in: ['sent', 'uncertain'] } }, finished(outcome));
      return matched === 1;
    },

    /** Outcomes not yet in the log, since before `beforeMs`. */
    unreported: (beforeMs: number) =>
      rows.find({ reportDueAtMs: { $lte: beforeMs } }, { sort: { reportDueAtMs: 1 }, limit: 1000 }),

    async reported(reports: readonly { readonly id: string; readonly outcome: Outcome }[]): Promise<void> {
      await rows.bulkWrite(
        reports.map(({ id, outcome }) => ({
          updateOne: { filter: { _id: id, state: outcome.state }, update: { $unset: { reportDueAtMs: '' } } },
        })),
      );
    },

    find: (id: string) => rows.findOne({ _id: id }, { projection: { message: 0 } }),

    /** The newest message on a ticket. */
    async latestOfTicket(ticketId: string): Promise<OutboundRow | undefined> {
      return rows.findOne({ ticketId }, { sort: { orderAtMs: -1 }, projection: { message: 0 } });
    },
  };
}

export type OutboundRows = Awaited<ReturnType<typeof openOutboundRows>>;

/** What says into how many messages a text goes. */
export type TextCapabilities = Pick<ChannelCapabilities, 'maxTextLength' | 'maxPublicTextLength' | 'splitsText'>;

/**
 * The rows of a message as it comes from the log, each with what it sends: one, or as many as its text needs on a channel that
 * splits texts. A part is a message of its own at the provider, with an id of its own; the last one carries the attachments.
 */
export function newRows(
  message: OutboundMessage,
  { maxTextLength, maxPublicTextLength, splitsText }: TextCapabilities,
  record: Pick<LogRecord, 'timestampMs' | 'offset' | 'headers'>,
  nowMs: number,
): { readonly row: OutboundRow; readonly message: OutboundMessage }[] {
  const isPublic = message.visibility === Visibility.VISIBILITY_PUBLIC;
  const longest = isPublic && maxPublicTextLength > 0 ? maxPublicTextLength : maxTextLength;
  const texts = splitsText ? splitText(message.text, longest) : [message.text];
  if (texts.length === 1) return [{ row: newRow(message, record, nowMs), message }];
  return texts.map((text, index) => {
    const part = index + 1;
    const partsFollow = part < texts.length;
    const id = part === 1 ? message.id : `${message.id}-${part}`;
    const content = { ...message, id, text, html: '', attachments: partsFollow ? [] : message.attachments };
    const row = { ...newRow(content, record, nowMs), messageId: message.id, part, ...(partsFollow && { partsFollow }) };
    return { row, message: content };
  });
}

function newRow(
  message: OutboundMessage,
  record: Pick<LogRecord, 'timestampMs' | 'offset' | 'headers'>,
  nowMs: number,
): OutboundRow {
  const { traceparent } = record.headers;
  return {
    _id: message.id,
    ticketId: message.ticketId,
    account: message.account,
    conversationKey: message.conversationKey,
    orderAtMs: record.timestampMs,
    offset: record.offset,
    state: 'queued',
    openConversation: message.conversationKey,
    dueAtMs: nowMs,
    attempts: 0,
    ...(traceparent !== undefined && { traceparent }),
    message: OutboundMessage.toJSON(message) as DocumentValue,
  };
}

function finished(outcome: Outcome): Update {
  return {
    $set: { state: outcome.state, outcome, reportDueAtMs: outcome.atMs },
    $unset: { openConversation: '', sendingConversation: '', dueAtMs: '', message: '' },
  };
}

function allMatched(result: BulkWriteResult, count: number): boolean {
  return result.matched === count && result.duplicates.length === 0;
}
