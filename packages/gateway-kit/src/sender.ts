import { randomUUID } from 'node:crypto';
import { decodeEvent, type OutboundMessage, topics } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import { type Batch, type Consumer, decodeBatch, type EventLog } from '@tributary/eventlog';
import { backOffMs, type Clock, type Logger, type Service } from '@tributary/runtime';
import type { Receipt, SentMessage, SentMessages } from './channel.ts';
import { createDeliveryReports } from './delivery-reports.ts';
import { type Entry, Lanes } from './lanes.ts';
import {
  newRows,
  type OutboundRow,
  type OutboundRows,
  type Outcome,
  openOutboundRows,
  type TextCapabilities,
} from './outbound-rows.ts';
import { AccountUnavailableError, PermanentSendError, RetryLaterError, UncertainSendError } from './send-errors.ts';
import { countSent, traceTry } from './telemetry.ts';
import type { Rate } from './token-bucket.ts';

export interface SenderOptions {
  readonly channel: string;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Gives one message to the provider; resolves once the provider has accepted it. Fails with one of the errors of
   * send-errors.ts, or any other for a passing fault. Must end by itself within a few minutes.
   */
  send(message: OutboundMessage): Promise<SentMessage>;
  /** Texts longer than the channel carries go out in parts, where it allows that. */
  readonly capabilities: TextCapabilities;
  /** A message in doubt may be sent again, for the provider knows repeats. Default false. */
  readonly idempotent?: boolean;
  /** How fast one account may send. Absent: as fast as the provider answers. */
  readonly rate?: Rate | ((account: string) => Rate);
  /** Messages under way at once per account. Default 10. */
  readonly concurrencyPerAccount?: number;
  /** How long a message under way is held; renewed while its process lives. Afterwards it counts as uncertain. */
  readonly leaseMs?: number;
  /** A message that could not be sent for so long has failed. Default 3 days. */
  readonly giveUpAfterMs?: number;
}

export interface Sender extends Required<Service>, SentMessages {
  /**
   * What became of a message after the provider had accepted it. Does nothing when it is unknown or had failed already.
   * @throws what the store or the log throws: the provider is to say it again.
   */
  report(outboundMessageId: string, receipt: Receipt): Promise<void>;
}

/** More contents than these are not kept in memory while they wait. */
const maxHeldContents = 2000;
const sweepEveryMs = 5000;
const recheckAfterMs = 500;
type TimerName = 'due' | 'sweep' | 'lease' | 'blocked';
/** What another process may be about to do by itself is left to it for so long. */
const graceMs = 10_000;

/**
 * Sends what `messages.outbound.v1` holds for one channel: each message once, in order within its conversation, and says
 * in `messages.delivery.v1` what became of it. A message is a row before its offset is committed; a crash between the
 * provider's acceptance and our note of it leaves the row in `sending`, which becomes `uncertain` and is not repeated, unless
 * the provider knows repeats.
 * Any number of processes may share the work.
 */
export async function createSender(options: SenderOptions): Promise<Sender> {
  const { channel, eventLog, clock, logger } = options;
  const leaseMs = options.leaseMs ?? 30_000;
  const giveUpAfterMs = options.giveUpAfterMs ?? 3 * 24 * 60 * 60 * 1000;
  const owner = randomUUID();
  const rows: OutboundRows = await openOutboundRows(options.docStore, channel, owner);
  const reports = createDeliveryReports({ channel, eventLog, rows, logger });
  const lanes = new Lanes(options.concurrencyPerAccount ?? 10, options.rate);
  /** Messages this process has under way, and the work on each. */
  const underWay = new Map<string, Promise<void>>();
  /** Conversations that another process is at, or that the store did not answer for. Looked at again soon. */
  const blocked = new Set<string>();
  const accountFaults = new Map<string, string>();
  let heldContents = 0;
  let loading = Promise.resolve();
  let consumer: Consumer | undefined;
  let stopped = false;
  let storeFault: string | undefined;
  const timers = new Map<TimerName, Disposable>();

  async function handle(batch: Batch): Promise<void> {
    const news = new Map<string, { row: OutboundRow; message: OutboundMessage }>();
    for (const { record, message } of await decodeBatch(batch, (each) => decodeEvent(topics.outbound, each))) {
      if (message.channel !== channel || news.has(message.id)) continue;
      for (const one of newRows(message, options.capabilities, record, clock.now())) news.set(one.row._id, one);
    }
    if (news.size === 0) return;
    const fresh = [...news.values()].map(({ row }) => row);
    await load(fresh.map((row) => row.conversationKey));
    for (const row of await rows.insert(fresh)) {
      if (blocked.has(row.conversationKey)) continue;
      const message = heldContents < maxHeldContents ? news.get(row._id)?.message : undefined;
      if (message !== undefined) heldContents += 1;
      const { message: _content, ...light } = row;
      lanes.add({ row: light, message, dueAtMs: clock.now() });
    }
    pump();
  }

  /**
   * Takes over what is unfinished in these conversations, unless it is here already or another process is at it. One call
   * after the other, or two would take the same message.
   */
  function load(conversations: readonly string[]): Promise<void> {
    const loaded = loading.then(() => loadNow(conversations));
    loading = loaded.catch(() => {});
    return loaded;
  }

  async function loadNow(conversations: readonly string[]): Promise<void> {
    for (const key of conversations) blocked.delete(key);
    const missing = [...new Set(conversations)].filter((key) => !lanes.has(key));
    for (let start = 0; start < missing.length; start += 500) {
      const found = await rows.unfinished(missing.slice(start, start + 500));
      for (const row of found) {
        if (blocked.has(row.conversationKey)) continue;
        if (row.state === 'queued') lanes.add({ row, message: undefined, dueAtMs: row.dueAtMs ?? 0 });
        else if (row.owner === owner && !underWay.has(row._id)) {
          // Claimed by us, but the answer to the claim was lost: nothing was sent.
          await rows.requeue(row._id, clock.now());
          lanes.add({ row, message: undefined, dueAtMs: clock.now() });
        } else if ((row.dueAtMs ?? 0) > clock.now()) blocked.add(row.conversationKey);
        else await settleAbandoned(row);
      }
    }
  }

  /** A process ended while it sent this: nobody knows whether the provider has it. */
  async function settleAbandoned(row: OutboundRow): Promise<void> {
    if (options.idempotent) {
      if (await rows.takeBack(row, clock.now())) lanes.add({ row, message: undefined, dueAtMs: clock.now() });
      else blocked.add(row.conversationKey);
      return;
    }
    const outcome = outcomeOf('uncertain', {
      reason: 'The process ended while the message was being sent. It may or may not have been accepted.',
    });
    if (await rows.finishAbandoned(row, outcome)) {
      countSent(channel, outcome.state);
      await reports.report(row, outcome);
    } else blocked.add(row.conversationKey);
  }

  /** Begins everything that may begin, and wakes up again for the next that has to wait. */
  function pump(): void {
    if (stopped) return;
    for (const entry of lanes.takeReady(clock.now())) {
      const work = send(entry)
        .catch((error: unknown) => {
          // The store does not answer. The row keeps its state.
          storeFault = (error as Error).message;
          logger.warn({ err: error, outboundMessageId: entry.row._id }, 'sending is delayed');
          leave(entry);
        })
        .finally(() => {
          underWay.delete(entry.row._id);
          if (entry.message !== undefined) heldContents -= 1;
          pump();
        });
      underWay.set(entry.row._id, work);
    }
    const nextMs = lanes.nextDueAtMs(clock.now());
    if (nextMs !== undefined) wake('due', nextMs - clock.now(), pump);
    if (blocked.size > 0 && !timers.has('blocked')) wake('blocked', recheckAfterMs, recheck);
  }

  /** Somebody else has this message. */
  function leave(entry: Entry): void {
    lanes.forget(entry);
    blocked.add(entry.row.conversationKey);
  }

  function recheck(): void {
    timers.delete('blocked');
    load([...blocked]).then(pump, (error: unknown) => {
      storeFault = (error as Error).message;
      pump();
    });
  }

  async function send(entry: Entry): Promise<void> {
    const { row } = entry;
    if (!(await rows.claim(row, clock.now() + leaseMs))) return leave(entry);
    const message = entry.message ?? (await rows.content(row._id));
    if (message === undefined) return leave(entry);
    storeFault = undefined;
    const outcome = await attempt(message, row);
    if (outcome === undefined) return;
    if (outcome instanceof Error) {
      const dueAtMs = clock.now() + waitMs(outcome, row.attempts);
      await rows.requeue(row._id, dueAtMs);
      lanes.again({ ...entry, message: undefined, row: { ...row, attempts: row.attempts + 1 } }, dueAtMs);
      return;
    }
    countSent(channel, outcome.state);
    await persist(() => rows.finish(row._id, outcome));
    lanes.done(entry);
    pump();
    await reports.report(row, outcome);
  }

  /** One try. Returns how it ended, or the passing error after which it is to be tried again. */
  async function attempt(message: OutboundMessage, row: OutboundRow): Promise<Outcome | Error | undefined> {
    const recipient = message.recipients[0]?.address ?? '';
    try {
      const sent = await traceTry(channel, row, message, () => options.send(message));
      lanes.works(row.account);
      accountFaults.delete(row.account);
      return outcomeOf('sent', { recipient, providerMessageId: sent.providerMessageId });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const reason = error.message;
      if (error instanceof PermanentSendError) {
        return outcomeOf('failed', { recipient, reason, providerCode: error.code });
      }
      if (error instanceof UncertainSendError) return outcomeOf('uncertain', { recipient, reason });
      if (error instanceof AccountUnavailableError) {
        accountFaults.set(row.account, reason);
        lanes.rest(row.account, (failures) => clock.now() + backOffMs(failures, { baseMs: 500, maxMs: 60_000 }));
      } else if (error instanceof RetryLaterError && error.scope === 'account') {
        lanes.rest(row.account, () => clock.now() + error.afterMs);
      }
      if (clock.now() - row.orderAtMs > giveUpAfterMs) {
        return outcomeOf('failed', { recipient, reason: `gave up: ${reason}` });
      }
      logger.info({ outboundMessageId: message.id, account: row.account, err: error }, 'not sent, to be tried again');
      return error;
    }
  }

  function outcomeOf(state: Outcome['state'], facts: Partial<Omit<Outcome, 'state' | 'atMs'>>): Outcome {
    return { state, providerMessageId: '', reason: '', providerCode: '', recipient: '', ...facts, atMs: clock.now() };
  }

  /** What has happened outside must be written down, however long the store is away. */
  async function persist(write: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await write();
        storeFault = undefined;
        return;
      } catch (error) {
        storeFault = (error as Error).message;
        if (stopped && tries > 3) throw error;
        await new Promise<void>((resolve) => clock.setTimer(backOffMs(tries, { maxMs: 5000 }), resolve));
      }
    }
  }

  async function sweep(beforeMs: number): Promise<void> {
    try {
      await load(await rows.neglected(beforeMs));
      for (const row of await rows.unreported(beforeMs)) {
        if (row.outcome !== undefined) await reports.report(row, row.outcome);
      }
      storeFault = undefined;
    } catch (error) {
      storeFault = (error as Error).message;
    }
    pump();
  }

  function repeat(name: 'sweep' | 'lease', everyMs: number, work: () => Promise<unknown>): void {
    wake(name, everyMs, () => {
      void work()
        .catch(() => {}) // Each of them notes its own faults.
        .finally(() => {
          if (!stopped) repeat(name, everyMs, work);
        });
    });
  }

  function wake(name: TimerName, afterMs: number, work: () => void): void {
    timers.get(name)?.[Symbol.dispose]();
    timers.set(name, clock.setTimer(Math.max(0, afterMs), work));
  }

  return {
    async start() {
      await sweep(clock.now());
      repeat('sweep', sweepEveryMs, () => sweep(clock.now() - graceMs));
      repeat('lease', leaseMs / 3, () =>
        Promise.all([...underWay.keys()].map((id) => rows.extend(id, clock.now() + leaseMs))),
      );
      consumer = await eventLog.consume({ group: `gateway-${channel}`, topics: [topics.outbound.name], handle });
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await consumer?.stop();
      while (underWay.size > 0) await Promise.allSettled(underWay.values());
      for (const timer of timers.values()) timer[Symbol.dispose]();
    },
    problems: () => [
      ...(consumer?.problems() ?? []),
      ...(storeFault === undefined ? [] : [`outbound messages cannot be stored: ${storeFault}`]),
      ...reports.problems(),
    ],
    providerProblems: () => [...accountFaults].map(([account, fault]) => `cannot send from ${account}: ${fault}`),
    find: (id) => rows.find(id),
    conversationOfTicket: async (ticketId) => (await rows.latestOfTicket(ticketId))?.conversationKey,
    async report(id, { status, ...facts }) {
      // A report can be quicker than the answer to the sending itself.
      await underWay.get(id);
      const row = await rows.find(id);
      if (row === undefined) return;
      if (row.state === 'sending') throw new Error('another process is still sending it');
      if (status !== 'failed') return reports.receipt(row, { ...outcomeOf('sent', facts), state: status });
      const outcome = outcomeOf('failed', facts);
      if (await rows.finishBounced(id, outcome)) await reports.report(row, outcome);
    },
  };
}

/** How long a message waits before its next try. An account that is away decides for itself when it is back. */
function waitMs(error: Error, attempts: number): number {
  if (error instanceof AccountUnavailableError) return 0;
  if (error instanceof RetryLaterError) return error.afterMs;
  return backOffMs(attempts, { baseMs: 1000, maxMs: 15 * 60_000 });
}
