import { backOffMs, type Clock, delay, type Service } from '@tributary/runtime';
import type { TicketEvent } from '../domain/changes.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { Publication, Publications, TicketStore } from '../ports.ts';
import type { EventRelay } from './change-tickets.ts';
import { readNews } from './read-news.ts';

/** What a ticket has to say: events that follow each other without gap. */
export interface TicketNews {
  readonly ticket: Ticket;
  readonly events: readonly TicketEvent[];
}

export interface RelayDependencies {
  readonly publications: Publications;
  readonly store: Pick<TicketStore, 'load'>;
  readonly clock: Clock;
  /** Appends news in this order. Resolves when it is durable. */
  append(news: readonly TicketNews[]): Promise<void>;
}

/** Tickets in one append, about. */
const ticketsPerAppend = 1000;
/** Tickets whose news waits in memory; beyond, it is read again when its turn comes. */
const ticketsInMemory = 5000;
/** How soon to look again whether what comes first is published. */
const waitMs = 10;
/** A publication this close to the end of its lease is prolonged before it is worked on. */
const renewBeforeMs = 3000;

interface Queued {
  readonly publication: Publication;
  /** Undefined: to be read from the store. */
  readonly news: readonly TicketNews[] | undefined;
  /** Publications that come first, as far as they are not finished. Undefined: to be read from the store. */
  readonly after: Set<string> | undefined;
  /** Taken over from a replica that may have crashed before it wrote all of its tickets. */
  readonly isTakenOver: boolean;
}

/**
 * Publishes ticket events: many tickets in one append, one append at a time, per ticket in sequence.
 *
 * A publication is a note in the store: announced before its tickets are written, taken back once their events are appended. By
 * it another replica goes on after a crash. Each event names its publication, so that whoever writes a ticket next knows what
 * must be published first, and waits for it. After a crash events are repeated, with the same ids and numbers.
 */
export function createEventRelay({
  publications,
  store,
  clock,
  append,
}: RelayDependencies): EventRelay & Service & { oldestWaitingAtMs(): number | undefined } {
  let queue: readonly Queued[] = [];
  let waitingTickets = 0;
  /** Own publications that may not be taken back yet. */
  const open = new Set<string>();
  /** Publications whose events are appended and whose notes are just being taken back. */
  const appended = new Set<string>();
  const finishings = new Set<Promise<void>>();
  let finishProblem: string | undefined;
  const stopping = new AbortController();
  let isWoken = false;
  let resume = () => {};
  let running: Promise<void> | undefined;
  let problem: string | undefined;

  const setQueue = (next: readonly Queued[]) => {
    queue = next;
    waitingTickets = next.reduce((sum, { publication }) => sum + publication.ticketIds.length, 0);
  };
  const enqueue = (queued: Queued) => {
    queue = [...queue, queued];
    waitingTickets += queued.publication.ticketIds.length;
    wake();
  };

  const unfinished = async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const queued = new Set(queue.map(({ publication }) => publication.id));
    const isDone = (id: string) => publications.isOwn(id) && !open.has(id);
    const asked = ids.filter((id) => !queued.has(id) && !isDone(id));
    const noted = asked.length === 0 ? [] : await publications.unfinished(asked);
    return new Set([...ids.filter((id) => queued.has(id)), ...noted]);
  };

  /** What can be published now: what comes first is published, or stands before it in the same append. */
  const next = async (): Promise<Queued[]> => {
    // What is queued while this asks has not been asked for.
    const candidates = queue.filter(({ publication }) => !appended.has(publication.id));
    const awaited = await unfinished([...new Set(candidates.flatMap(({ after }) => [...(after ?? [])]))]);
    const chosen = new Set<string>();
    const batch: Queued[] = [];
    let size = 0;
    for (const queued of candidates) {
      const { after, publication } = queued;
      for (const id of after ?? []) if (!awaited.has(id)) after?.delete(id);
      if (![...(after ?? [])].every((id) => chosen.has(id))) continue;
      // What is yet to be read says what it follows only then.
      if (after === undefined && batch.length > 0) break;
      chosen.add(publication.id);
      batch.push(queued);
      size += publication.ticketIds.length;
      if (size >= ticketsPerAppend || after === undefined) break;
    }
    return batch;
  };

  /** Prolongs leases that are about to run out. @returns what is still to be published by this replica. */
  const renewed = async (batch: readonly Queued[]): Promise<readonly Queued[]> => {
    const late = batch
      .map(({ publication }) => publication)
      .filter(({ untilMs }) => untilMs - clock.now() < renewBeforeMs);
    if (late.length === 0) return batch;
    const held = new Map((await publications.renew(late.map(({ id }) => id))).map((each) => [each.id, each]));
    const lost = new Set(late.map(({ id }) => id).filter((id) => !held.has(id)));
    const update = (queued: Queued): Queued => ({
      ...queued,
      publication: held.get(queued.publication.id) ?? queued.publication,
    });
    // What was only taken over is somebody else's now. Own news goes out all the same: whoever took it over may have looked for
    // it before it was written.
    const isOurs = ({ publication, isTakenOver }: Queued) => !(isTakenOver && lost.has(publication.id));
    setQueue(queue.filter(isOurs).map(update));
    return batch.filter(isOurs).map(update);
  };

  const publishNext = async (): Promise<void> => {
    const batch = await renewed(await next());
    const [first] = batch;
    if (first === undefined) {
      if (queue.length > 0) await pause(waitMs);
      return;
    }
    const unread = batch.filter(({ news }) => news === undefined).map(({ publication }) => publication);
    const read = await readNews(unread, store);
    if (first.after === undefined) {
      // It was taken over: now it is known what it follows, and it takes its turn.
      const after = new Set(await unfinished(read.previousOf(first.publication)));
      after.delete(first.publication.id);
      setQueue(queue.map((queued) => (queued.publication.id === first.publication.id ? { ...queued, after } : queued)));
      if (after.size > 0) return;
    }
    const news = batch.flatMap((queued) => queued.news ?? read.newsOf(queued.publication));
    if (news.length > 0) await append(news);
    // A ticket that a crashed replica has announced and not written may still be written by a request under way.
    const unwritten = batch
      .filter(
        ({ isTakenOver, publication }) => isTakenOver && publication.announcedAtMs > clock.now() - writtenWithinMs,
      )
      .map(({ publication }) => ({ id: publication.id, ticketIds: read.unwrittenOf(publication) }))
      .filter(({ ticketIds }) => ticketIds.length > 0);
    const finishing = finish(
      batch.map(({ publication }) => publication.id),
      unwritten,
    ).finally(() => finishings.delete(finishing));
    finishings.add(finishing);
  };

  /** Takes back the notes of what is appended. Others are appended meanwhile; what follows these on a ticket waits for it. */
  const finish = async (ids: readonly string[], unwritten: Parameters<Publications['narrow']>[0]): Promise<void> => {
    const kept = new Set(unwritten.map(({ id }) => id));
    for (const id of ids) appended.add(id);
    for (let failures = 0; ; failures++) {
      try {
        await publications.takeBack(ids.filter((id) => !kept.has(id)));
        if (unwritten.length > 0) await publications.narrow(unwritten);
        break;
      } catch (error) {
        finishProblem = `notes of published events cannot be taken back: ${(error as Error).message}`;
        if (stopping.signal.aborted) return;
        await delay(clock, backOffMs(failures, { maxMs: 5000 }), stopping.signal);
      }
    }
    finishProblem = undefined;
    const finished = new Set(ids);
    setQueue(queue.filter(({ publication }) => !finished.has(publication.id)));
    for (const id of ids) {
      appended.delete(id);
      if (!kept.has(id)) open.delete(id);
    }
    wake();
  };

  const wake = () => {
    isWoken = true;
    resume();
  };
  /** Until there is something new, or the time is over. */
  const pause = async (ms?: number) => {
    using timers = new DisposableStack();
    await new Promise<void>((resolve) => {
      resume = resolve;
      if (isWoken) resolve();
      else if (ms !== undefined) timers.use(clock.setTimer(ms, resolve));
    });
    isWoken = false;
  };

  const run = async () => {
    for (let failures = 0; ; ) {
      if (queue.length === 0) {
        if (stopping.signal.aborted) return;
        await pause();
        continue;
      }
      try {
        const before = queue;
        await publishNext();
        failures = 0;
        problem = undefined;
        // What waits for another replica is noted in the store: whoever takes over its lease publishes it.
        if (stopping.signal.aborted && queue === before) return;
      } catch (error) {
        problem = `ticket events cannot be published: ${(error as Error).message}`;
        if (stopping.signal.aborted) return;
        await delay(clock, backOffMs(failures++, { maxMs: 5000 }), stopping.signal);
      }
    }
  };

  return {
    unfinished,
    async announce(ticketIds) {
      const publication = await publications.announce(ticketIds);
      open.add(publication.id);
      return publication;
    },
    publish(publication, news, after) {
      const kept = waitingTickets < ticketsInMemory ? news : undefined;
      enqueue({ publication, news: kept, after: new Set(after), isTakenOver: false });
    },
    async cancel({ id }) {
      await publications.takeBack([id]);
      open.delete(id);
    },
    recover(publication, { isTakenOver }) {
      if (queue.some((queued) => queued.publication.id === publication.id)) return;
      enqueue({ publication, news: undefined, after: undefined, isTakenOver });
    },
    async start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
      await Promise.all(finishings);
    },
    /** When the oldest change that waits to be published was announced. */
    oldestWaitingAtMs: () =>
      queue.length === 0 ? undefined : Math.min(...queue.map(({ publication }) => publication.announcedAtMs)),
    problems: () => [problem, finishProblem].filter((one) => one !== undefined),
  };
}

/** No write is under way for so long: the driver gives up before. */
const writtenWithinMs = 2 * 60_000;
