import { backOffMs, type Clock, delay, type Service } from '@tributary/runtime';
import type { TicketEvent } from '../domain/changes.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { PublicationStore, StoredTicket } from '../ports.ts';
import type { EventRelay } from './change-tickets.ts';

/** Events of one ticket that follow each other without gap. */
export interface Publication {
  readonly ticket: Ticket;
  readonly events: readonly TicketEvent[];
}

export interface RelayDependencies {
  readonly store: PublicationStore;
  readonly relayId: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Appends what these tickets have to say, in order. Resolves when it is durable. */
  append(publications: readonly Publication[]): Promise<void>;
}

/** Most tickets in one append. */
const maxBatch = 500;
/** Tickets whose events wait in memory; beyond, only their ids are kept and the events are read again. */
const maxInMemory = 5000;

interface Waiting {
  /** Undefined: to be read from the store. */
  publication: Publication | undefined;
  leaseUntilMs: number;
}

/**
 * Publishes the events of the tickets whose lease this replica holds: many tickets in one append, one append at a time, per
 * ticket in sequence. What it does not know for certain it reads from the store, where the lease says whether it may.
 * After a crash, or when a lease ran out during an outage, another relay repeats what was not noted as published, with the
 * same ids and numbers.
 */
export function createEventRelay(dependencies: RelayDependencies): EventRelay & Service {
  const { store, clock, relayId } = dependencies;
  const waiting = new Map<string, Waiting>();
  /** Up to where the events of a ticket are waiting or published, while the relay knows the ticket. */
  const queuedTo = new Map<string, number>();
  const stopping = new AbortController();
  let wake = () => {};
  let running: Promise<void> | undefined;
  let problem: string | undefined;

  const recheck = (ticketIds: readonly string[]) => {
    for (const id of ticketIds) waiting.set(id, { publication: undefined, leaseUntilMs: 0 });
    wake();
  };

  const publish = (tickets: readonly StoredTicket[]) => {
    for (const { ticket, events, publishedSequence, relayBy, relayUntilMs } of tickets) {
      if (relayBy !== relayId || ticket.lastSequence === publishedSequence) continue;
      const known = waiting.get(ticket.id);
      // To be read from the store anyway, these events included.
      if (known !== undefined && known.publication === undefined) continue;
      const from = Math.max(publishedSequence, queuedTo.get(ticket.id) ?? 0);
      const added = events.filter(({ sequence }) => sequence > from);
      if (waiting.size >= maxInMemory) {
        waiting.set(ticket.id, { publication: undefined, leaseUntilMs: 0 });
        continue;
      }
      const before = known?.publication?.events ?? [];
      waiting.set(ticket.id, { publication: { ticket, events: [...before, ...added] }, leaseUntilMs: relayUntilMs });
      queuedTo.set(ticket.id, ticket.lastSequence);
    }
    wake();
  };

  /** Takes what is next, with the events that are to be read from the store. */
  const take = async (): Promise<Publication[]> => {
    const batch = [...waiting].slice(0, maxBatch);
    for (const [id] of batch) waiting.delete(id);
    const ready: Publication[] = [];
    const unread: string[] = [];
    for (const [id, { publication, leaseUntilMs }] of batch) {
      if (publication === undefined || leaseUntilMs <= clock.now()) unread.push(id);
      else ready.push(publication);
    }
    if (unread.length === 0) return ready;
    try {
      const leased = new Map((await store.loadLeased(unread)).map((stored) => [stored.ticket.id, stored]));
      for (const id of unread) {
        const stored = leased.get(id);
        const events = stored?.events.filter(({ sequence }) => sequence > stored.publishedSequence) ?? [];
        if (stored === undefined || events.length === 0) {
          if (!waiting.has(id)) queuedTo.delete(id);
          continue;
        }
        ready.push({ ticket: stored.ticket, events });
        queuedTo.set(id, Math.max(stored.ticket.lastSequence, queuedTo.get(id) ?? 0));
      }
      return ready;
    } catch (error) {
      recheck(batch.map(([id]) => id));
      throw error;
    }
  };

  const publishBatch = async () => {
    const batch = await take();
    if (batch.length === 0) return;
    try {
      await dependencies.append(batch);
      const published = batch.map(({ ticket, events }) => ({
        ticketId: ticket.id,
        sequence: events.at(-1)?.sequence ?? ticket.lastSequence,
      }));
      const left = new Set(await store.markPublished(published));
      for (const { ticketId } of published) {
        if (waiting.has(ticketId)) continue;
        if (left.has(ticketId)) waiting.set(ticketId, { publication: undefined, leaseUntilMs: 0 });
        else queuedTo.delete(ticketId);
      }
    } catch (error) {
      recheck(batch.map(({ ticket }) => ticket.id));
      throw error;
    }
  };

  const run = async () => {
    for (let failures = 0; ; ) {
      if (waiting.size === 0) {
        if (stopping.signal.aborted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = () => {};
        continue;
      }
      try {
        await publishBatch();
        failures = 0;
        problem = undefined;
      } catch (error) {
        problem = `ticket events cannot be published: ${(error as Error).message}`;
        // What is left unpublished is in the store; another relay takes it when the lease is over.
        if (stopping.signal.aborted) return;
        await delay(clock, backOffMs(failures++, { maxMs: 5000 }), stopping.signal);
      }
    }
  };

  return {
    publish,
    recheck,
    async start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
    problems: () => (problem === undefined ? [] : [problem]),
  };
}
