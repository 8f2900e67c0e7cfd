import { backOffMs, type Clock, delay, type Logger, type Service } from '@tributary/runtime';
import type { Api } from 'node-telegram-bot-api';
import { leaseMs, type PollerLease } from './poller-lease.ts';
import { wantedUpdates } from './update.ts';

/** How long Telegram holds a poll when there is nothing. */
const pollSeconds = 25;

export interface PollerOptions {
  readonly account: string;
  readonly api: Api;
  readonly lease: PollerLease;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Puts updates into the log. Only when it has resolved are they confirmed to Telegram. */
  handle(updates: readonly unknown[]): Promise<void>;
}

/** Asks for a bot's updates while the lease is ours. */
export function createPoller({ account, api, lease, clock, logger, handle }: PollerOptions): Service {
  const stopping = new AbortController();
  let running = Promise.resolve();
  let fault: string | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        if (await lease.take()) await pollWhileOurs();
        failures = 0;
        fault = undefined;
        await delay(clock, leaseMs / 6, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) break;
        const { errorCode, retryAfter, message } = error as Error & { errorCode?: number; retryAfter?: number };
        fault = `updates of the Telegram bot ${account} cannot be fetched: ${message}`;
        logger.warn({ account, err: error }, 'updates cannot be fetched');
        // The account says polling, so a webhook is left over from before.
        if (errorCode === 409 && message.includes('webhook')) await api.deleteWebhook().catch(() => {});
        const waitMs =
          retryAfter === undefined ? backOffMs(failures++, { baseMs: 1000, maxMs: 60_000 }) : retryAfter * 1000;
        await delay(clock, waitMs, stopping.signal);
      }
    }
    await lease.give().catch(() => {}); // Then it ends by itself.
  }

  async function pollWhileOurs(): Promise<void> {
    const lost = new AbortController();
    const renewal = keepLease(() => lost.abort());
    const signal = AbortSignal.any([stopping.signal, lost.signal]);
    try {
      for (let offset: number | undefined; !signal.aborted; ) {
        const updates = await api.getUpdates(
          { timeout: pollSeconds, allowed_updates: wantedUpdates, ...(offset !== undefined && { offset }) },
          signal,
        );
        fault = undefined;
        await handle(updates);
        // Asking from here on confirms everything before it.
        const last = updates.at(-1);
        if (last !== undefined) offset = last.update_id + 1;
      }
    } catch (error) {
      if (!lost.signal.aborted) throw error;
    } finally {
      renewal[Symbol.dispose]();
    }
  }

  /** Renews the lease until disposed; says when it is lost. */
  function keepLease(onLost: () => void): Disposable {
    let over = false;
    let timer: Disposable | undefined;
    const renew = () => {
      timer = clock.setTimer(leaseMs / 3, () => {
        lease.take().then((ours) => {
          if (!ours) onLost();
          else if (!over) renew();
        }, onLost);
      });
    };
    renew();
    return {
      [Symbol.dispose]() {
        over = true;
        timer?.[Symbol.dispose]();
      },
    };
  }

  return {
    async start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
    problems: () => [],
    providerProblems: () => (fault === undefined ? [] : [fault]),
  };
}
