import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { LogRecord } from '@tributary/eventlog';
import type { Clock, Logger } from '@tributary/runtime';
import { Backlog } from '../domain/backlog.ts';
import { Feed } from '../domain/feed.ts';
import { factOf } from './facts.ts';

export interface FeedStreamOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxWatchers?: number;
}

interface Watcher {
  readonly response: ServerResponse;
  /** What they have been sent. */
  revision: number;
  /** Since when their connection takes nothing more. */
  stalledSinceMs: number | undefined;
}

/** A glance at the page is not faster than this, and under load many changes become one. */
const collectMs = 100;
const heartbeatMs = 15_000;
/** A browser that takes nothing for so long is cut off; it comes back by itself and gets what it missed. */
const maxStallMs = 30_000;

/** The live feed as Server-Sent Events: one `card` event for each card that changed, as it is then. */
export class FeedStream {
  readonly #options: Required<FeedStreamOptions>;
  readonly #backlog = new Backlog<LogRecord>({ maxItems: 2000, maxBytes: 16 * 1024 * 1024 });
  readonly #feed = new Feed();
  readonly #watchers = new Set<Watcher>();
  /** Revisions of another run mean nothing to this one. */
  readonly #run = randomUUID();
  #collecting: Disposable | undefined;
  #heartbeat: Disposable | undefined;

  constructor(options: FeedStreamOptions) {
    this.#options = { maxWatchers: 50, ...options };
  }

  /** Takes a record; it is looked at when somebody watches. */
  take(record: LogRecord): void {
    this.#backlog.add(record, record.value.length);
    if (this.#watchers.size > 0) this.#collect();
  }

  get full(): boolean {
    return this.#watchers.size >= this.#options.maxWatchers;
  }

  /**
   * Sends the cards there are, then each change.
   * @param lastEventId What the browser says it has seen. Of this run: only newer changes are sent; else all, after `reset`.
   */
  watch(response: ServerResponse, lastEventId: string | undefined): void {
    const [run, seen] = lastEventId?.split(':') ?? [];
    const resumes = run === this.#run && /^\d+$/.test(seen ?? '');
    const watcher: Watcher = { response, revision: resumes ? Number(seen) : 0, stalledSinceMs: undefined };
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    response.on('close', () => this.#leave(watcher));
    response.on('drain', () => {
      watcher.stalledSinceMs = undefined;
      this.#send(watcher);
    });
    this.#watchers.add(watcher);
    this.#heartbeat ??= this.#beatLater();
    response.write(`retry: 1000\n${resumes ? '' : 'event: reset\ndata: {}\n'}\n`);
    this.#digest();
    this.#send(watcher);
  }

  close(): void {
    this.#collecting?.[Symbol.dispose]();
    this.#heartbeat?.[Symbol.dispose]();
    for (const { response } of this.#watchers) response.end();
    this.#watchers.clear();
  }

  #collect(): void {
    this.#collecting ??= this.#options.clock.setTimer(collectMs, () => {
      this.#collecting = undefined;
      this.#digest();
      for (const watcher of this.#watchers) this.#send(watcher);
    });
  }

  #digest(): void {
    for (const record of this.#backlog.takeAll()) {
      try {
        const fact = factOf(record);
        if (fact !== undefined) this.#feed.add(fact);
      } catch (error) {
        const { topic, partition, offset } = record;
        this.#options.logger.warn(
          { topic, partition, offset, reason: (error as Error).message },
          'not shown in the feed',
        );
      }
    }
  }

  /** Nothing piles up for a slow browser: what changed meanwhile is sent when it takes something again. */
  #send(watcher: Watcher): void {
    if (watcher.stalledSinceMs !== undefined) return;
    const events = this.#feed
      .since(watcher.revision)
      .map((card) => `id: ${this.#run}:${card.revision}\nevent: card\ndata: ${JSON.stringify(card)}\n\n`);
    if (events.length === 0) return;
    watcher.revision = this.#feed.revision;
    if (!watcher.response.write(events.join(''))) watcher.stalledSinceMs = this.#options.clock.now();
  }

  #beatLater(): Disposable {
    return this.#options.clock.setTimer(heartbeatMs, () => {
      const nowMs = this.#options.clock.now();
      for (const { response, stalledSinceMs } of this.#watchers) {
        if (stalledSinceMs === undefined) response.write(': still here\n\n');
        else if (nowMs - stalledSinceMs > maxStallMs) response.destroy();
      }
      this.#heartbeat = this.#watchers.size === 0 ? undefined : this.#beatLater();
    });
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }
}
