import type { Clock } from './clock.ts';
import type { Collection, Document, Filter } from './port.ts';

interface Logger {
  warn(details: object, text: string): void;
}

export interface DueWorkerOptions<T extends Document> {
  /** Wants the index `{dueAtMs: 1}`, or one that begins with the fields of `filter`. */
  readonly collection: Collection<T>;
  readonly clock: Clock;
  /** For how long a claimed document is this worker's alone, and so how long a failed one waits for its next try. */
  readonly leaseMs: number;
  /**
   * Does what is due. The same update that makes the effect must move or clear the due time, and should be conditional on the due
   * time or version it was made from: then neither a crash between two writes nor a lease that ran out makes it twice.
   * When it throws, the lease stays and the document comes again when that expires.
   */
  readonly handle: (document: T) => Promise<void>;
  /** Further conditions on the documents that count. */
  readonly filter?: Filter;
  /** Number of milliseconds, absent when nothing is due. Default `dueAtMs`. */
  readonly dueField?: string;
  /** Number of milliseconds. Default `leaseUntilMs`. */
  readonly leaseField?: string;
  /** How often to look although nothing is known to be due: finds rows of other processes and leases of dead ones. Default: `leaseMs`. */
  readonly pollMs?: number;
  /** How many are handled at the same time. Default 16. */
  readonly concurrency?: number;
  readonly logger: Logger;
}

/** Works off timers that are rows. Fits the runtime's `Service`. */
export interface DueWorker {
  start(): Promise<void>;
  /** Finishes what is in hand. */
  stop(): Promise<void>;
  problems(): readonly string[];
  /** Says that a row of this process is due then (now when absent), so that it need not wait for the poll. */
  nudge(dueAtMs?: number): void;
}

const candidatesPerRound = 256;
const retryMs = 1000;

/**
 * Timers that survive a restart and that several replicas share: documents with a due time, each claimed by one conditional
 * update that sets a lease. The clocks of the replicas should agree to within a fraction of the lease.
 */
export function createDueWorker<T extends Document>(options: DueWorkerOptions<T>): DueWorker {
  const { collection, clock, leaseMs, handle, filter = {}, logger } = options;
  const { dueField = 'dueAtMs', leaseField = 'leaseUntilMs', pollMs = leaseMs, concurrency = 16 } = options;
  const alarm = createAlarm(clock);
  let running: Promise<void> | undefined;
  let stopped = false;
  let problem: string | undefined;
  /** Leases of documents whose handler failed end then. */
  let retryAtMs = Number.POSITIVE_INFINITY;

  const claimable = (nowMs: number): Filter => ({
    $and: [filter, { [dueField]: { $lte: nowMs }, $or: [{ [leaseField]: null }, { [leaseField]: { $lte: nowMs } }] }],
  });

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        const nowMs = clock.now();
        const found = await round(nowMs);
        // A full round may have left some behind.
        alarm.setFor(found === candidatesPerRound ? nowMs : await nextWakeMs(nowMs));
      } catch (error) {
        problem = `due work cannot be read: ${(error as Error).message}`;
        logger.warn({ err: error }, 'due work cannot be read');
        alarm.setFor(clock.now() + retryMs);
      }
      if (!stopped) await alarm.rings();
    }
  }

  /** Claims and handles what was due at `nowMs`. @returns how many documents were due. */
  async function round(nowMs: number): Promise<number> {
    if (retryAtMs <= nowMs) retryAtMs = Number.POSITIVE_INFINITY;
    const due = await collection.find(claimable(nowMs), {
      sort: { [dueField]: 1 },
      limit: candidatesPerRound,
      projection: { _id: 1 },
    });
    const ids = due.map((document) => document._id);
    const done: { readonly id: string; readonly leaseUntilMs: number }[] = [];
    let failure: string | undefined;
    const work = async () => {
      for (let id = ids.shift(); id !== undefined && !stopped; id = ids.shift()) {
        const claimedAtMs = clock.now();
        const leaseUntilMs = claimedAtMs + leaseMs;
        const document = await collection.findOneAndUpdate(
          { _id: id, ...claimable(claimedAtMs) },
          { $set: { [leaseField]: leaseUntilMs } },
        );
        if (document === undefined) continue;
        try {
          await handle(document);
          done.push({ id, leaseUntilMs });
        } catch (error) {
          failure = `due work fails and is tried again: ${(error as Error).message}`;
          retryAtMs = Math.min(retryAtMs, leaseUntilMs);
          logger.warn({ err: error, id }, 'due work failed');
        }
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: Math.min(concurrency, ids.length) }, work));
    await release(done);
    const broken = outcomes.find((outcome) => outcome.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    problem = failure;
    return due.length;
  }

  /** Without this a document's next due time, when it is near, would wait for the end of the lease. */
  async function release(done: readonly { readonly id: string; readonly leaseUntilMs: number }[]): Promise<void> {
    await collection.bulkWrite(
      done.map(({ id, leaseUntilMs }) => ({
        updateOne: { filter: { _id: id, [leaseField]: leaseUntilMs }, update: { $unset: { [leaseField]: true } } },
      })),
    );
  }

  /** @param nowMs The round's time, not the present: what fell due meanwhile was not in the round. */
  async function nextWakeMs(nowMs: number): Promise<number> {
    const [next] = await collection.find(
      { $and: [filter, { [dueField]: { $gt: nowMs } }] },
      { sort: { [dueField]: 1 }, limit: 1, projection: { [dueField]: 1 } },
    );
    const nextDueMs = next === undefined ? Number.POSITIVE_INFINITY : (fieldOf(next, dueField) as number);
    return Math.min(nextDueMs, retryAtMs, nowMs + pollMs);
  }

  return {
    async start() {
      running = run();
    },
    async stop() {
      stopped = true;
      alarm.setFor(Number.NEGATIVE_INFINITY);
      await running;
    },
    problems: () => (problem === undefined ? [] : [problem]),
    nudge: (dueAtMs = Number.NEGATIVE_INFINITY) => alarm.setFor(dueAtMs),
  };
}

function fieldOf(document: Document, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, segment) => (at as Record<string, unknown> | undefined)?.[segment], document);
}

/** Rings at the earliest of the times it was set for, also when that was set while nobody waited. */
function createAlarm(clock: Clock) {
  let dueAtMs = Number.POSITIVE_INFINITY;
  let timer: Disposable | undefined;
  let ring: (() => void) | undefined;
  const arm = () => {
    timer?.[Symbol.dispose]();
    timer = undefined;
    if (ring === undefined || dueAtMs === Number.POSITIVE_INFINITY) return;
    const delayMs = dueAtMs - clock.now();
    if (delayMs > 0) {
      timer = clock.setTimer(delayMs, arm);
      return;
    }
    const ringNow = ring;
    ring = undefined;
    dueAtMs = Number.POSITIVE_INFINITY;
    ringNow();
  };
  return {
    setFor(atMs: number): void {
      if (atMs >= dueAtMs) return;
      dueAtMs = atMs;
      arm();
    },
    rings(): Promise<void> {
      return new Promise((resolve) => {
        ring = resolve;
        arm();
      });
    },
  };
}
