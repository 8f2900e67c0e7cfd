import type { Collection, DocStore, Document } from '@tributary/docstore';
import { backOffMs, type Clock, type Logger, type Service } from '@tributary/runtime';
import type { TwilioAccount } from '../twilio/account.ts';
import type { TwilioRestClient } from '../twilio/rest-client.ts';
import type { Medium } from './medium.ts';

const everyMs = 5 * 60_000;
/** Clocks differ, and a message is dated before it is brought. */
const overlapMs = 2 * 60_000;

type ListedMessage = Awaited<ReturnType<TwilioRestClient['messages']['list']>>[number];

/** Until when a number's messages have been looked through. */
interface CheckedUntil extends Document {
  readonly untilMs: number;
}

export interface CatchUp extends Service {
  /** This message was brought by the webhook. */
  brought(messageSid: string): void;
}

/**
 * Twilio brings a message for 15 seconds and then drops the event, though it keeps the message. So it is asked every five
 * minutes, at each start, and soon again when that failed, for what came meanwhile. What another replica got is accepted
 * again, which is harmless.
 * A number that was never asked for begins now: its past is not ours.
 * @param accept Takes the parameters as the webhook would have had them.
 */
export async function createCatchUp(options: {
  readonly medium: Medium;
  readonly accounts: readonly TwilioAccount[];
  readonly restClient: (account: TwilioAccount) => Promise<TwilioRestClient>;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  accept(form: Readonly<Record<string, string>>, account: TwilioAccount): Promise<void>;
}): Promise<CatchUp> {
  const { medium, accounts, clock, logger } = options;
  const checked: Collection<CheckedUntil> = await options.docStore.collection('phone_checked_until', []);
  const broughtAtMs = new Map<string, number>();
  const faults = new Map<string, string>();
  let timer: Disposable | undefined;
  let running = Promise.resolve();
  let failures = 0;
  let stopped = false;

  async function look(account: TwilioAccount, number: string): Promise<void> {
    const id = `${medium.channel} ${number}`;
    const nowMs = clock.now();
    const last = await checked.findOne({ _id: id });
    if (last !== undefined) await acceptSince(last.untilMs - overlapMs, account, number);
    await checked.updateOne({ _id: id }, { $set: { untilMs: nowMs } }, { upsert: true });
  }

  async function acceptSince(sinceMs: number, account: TwilioAccount, number: string): Promise<void> {
    const client = await options.restClient(account);
    const to = medium.prefix + number;
    const found = await client.messages.list({ to, dateSentAfter: new Date(sinceMs) });
    const failures: unknown[] = [];
    // The newest comes first.
    for (const message of found.reverse()) {
      if (message.direction !== 'inbound' || broughtAtMs.has(message.sid)) continue;
      // One that cannot be had, for a file of it, does not keep the others away.
      await acceptListed(message, account, client).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async function acceptListed(message: ListedMessage, account: TwilioAccount, client: TwilioRestClient): Promise<void> {
    const media = Number(message.numMedia) > 0 ? await client.messages(message.sid).media.list() : [];
    logger.info({ channel: medium.channel, messageSid: message.sid }, 'a message that was not brought is fetched');
    await options.accept(
      {
        MessageSid: message.sid,
        From: message.from,
        To: message.to,
        Body: message.body ?? '',
        NumMedia: String(media.length),
        ...Object.fromEntries(
          media.flatMap(({ contentType, uri }, index) => [
            [`MediaContentType${index}`, contentType],
            [`MediaUrl${index}`, (account.apiUrl ?? 'https://api.twilio.com') + uri.replace(/\.json$/, '')],
          ]),
        ),
      },
      account,
    );
    broughtAtMs.set(message.sid, clock.now());
  }

  async function lookAtAll(): Promise<void> {
    for (const account of accounts) {
      for (const { number } of account.numbers) {
        if (stopped) return;
        try {
          await look(account, number);
          faults.delete(number);
        } catch (error) {
          faults.set(number, (error as Error).message);
          logger.warn({ channel: medium.channel, err: error }, 'messages that were not brought cannot be fetched');
        }
      }
    }
    for (const [sid, atMs] of broughtAtMs) {
      if (atMs < clock.now() - everyMs - 2 * overlapMs) broughtAtMs.delete(sid);
    }
    failures = faults.size === 0 ? 0 : failures + 1;
    const nextMs = failures === 0 ? everyMs : backOffMs(failures, { baseMs: 500, maxMs: everyMs });
    if (!stopped) timer = clock.setTimer(nextMs, begin);
  }

  function begin(): void {
    running = lookAtAll();
  }

  return {
    brought: (messageSid) => void broughtAtMs.set(messageSid, clock.now()),
    start: async () => begin(),
    async stop() {
      stopped = true;
      timer?.[Symbol.dispose]();
      await running;
    },
    problems: () => [],
    providerProblems: () =>
      [...faults].map(([number, fault]) => `messages to ${number} cannot be looked through: ${fault}`),
  };
}
