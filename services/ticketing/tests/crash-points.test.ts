import type { InboundMessage } from '@tributary/contracts';
import type { Collection, DocStore, Document, IndexSpec } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { ManualClock } from '@tributary/testing';
import { expect, test } from 'vitest';
import { type Adapters, by, chatLine, Desk, mail } from './desk.ts';
import { openInMemory } from './embedded.ts';

/** Ends the process, so to speak, before or after its n-th write: from then on nothing of it reaches the outside. */
class Crash {
  #writes = 0;
  #dead = false;
  readonly #at: number;
  readonly #when: 'before' | 'after';

  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
  }

  get happened(): boolean {
    return this.#dead;
  }

  async write<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    const isLast = ++this.#writes === this.#at;
    if (isLast && this.#when === 'before') this.#dead = true;
    this.check();
    const result = await work();
    if (isLast) this.#dead = true;
    this.check();
    return result;
  }

  check(): void {
    if (this.#dead) throw new Error('crashed');
  }

  adapters({ docStore, eventLog }: Adapters): Adapters {
    const crash = this;
    const store: DocStore = {
      async collection<T extends Document>(name: string, indexes?: readonly IndexSpec[]) {
        const collection = await docStore.collection<T>(name, indexes);
        const writes = new Set(['insertOne', 'updateOne', 'findOneAndUpdate', 'deleteOne', 'bulkWrite']);
        return new Proxy(collection, {
          get(target, property) {
            const method: unknown = target[property as keyof Collection<T>];
            if (typeof method !== 'function') return method;
            return async (...all: unknown[]) => {
              if (writes.has(String(property))) return crash.write(() => method.apply(target, all));
              crash.check();
              return method.apply(target, all);
            };
          },
        });
      },
      inOrder: (work) => docStore.inOrder(work),
      problems: () => [],
      [Symbol.asyncDispose]: async () => {},
    };
    const log = new Proxy(eventLog, {
      get(target, property) {
        const value = target[property as keyof EventLog] as unknown;
        if (typeof value !== 'function') return value;
        if (property !== 'append') return value.bind(target);
        return (records: Parameters<EventLog['append']>[0]) => crash.write(() => target.append(records));
      },
    });
    return { docStore: store, eventLog: log };
  }
}

/** What the log delivers, in order: one step is one batch of the router or one command of an agent. */
function scenario() {
  const from = 'ada@example.org';
  const first = mail({ from, conversationKey: 'email:crash' });
  const batches: InboundMessage[][] = [
    [first, mail(), chatLine('crash', { text: '1' }), chatLine('crash', { text: '2' })],
    [
      mail({ from, conversationKey: 'email:crash' }),
      mail({ from, references: [first.providerMessageId] }),
      mail({ from }),
    ],
    [mail({ from, conversationKey: 'email:crash' }), mail({ from, conversationKey: 'email:crash' }), mail()],
  ];
  const close = { resolve: by(), close: by() };
  const run = async ({ tickets, ...desk }: Pick<Desk, 'tickets' | 'ingest'>) => {
    const places: Record<string, string> = {};
    for (const [i, batch] of batches.entries()) {
      for (const { messageId, ticketId, error } of await desk.ingest(...batch)) {
        expect(error).toBe('');
        places[messageId] = ticketId;
      }
      // After the second batch its ticket is closed: what follows goes to a follow-up.
      if (i !== 1) continue;
      const ticketId = places[first.id] ?? '';
      await tickets.resolve({ ticketId, context: close.resolve, solution: '' });
      await tickets.close({ ticketId, context: close.close });
    }
    return places;
  };
  return { run, messages: batches.flat() };
}

/** Which messages are together on a ticket. */
function grouping(places: Record<string, string>): string[][] {
  const groups = Map.groupBy(Object.entries(places), ([, ticketId]) => ticketId);
  return [...groups.values()].map((group) => group.map(([messageId]) => messageId).sort()).sort();
}

/** A store that refuses to write tickets for a while. */
function refusingTickets(docStore: DocStore, isRefusing: () => boolean): DocStore {
  return {
    async collection<T extends Document>(name: string, indexes?: readonly IndexSpec[]) {
      const collection = await docStore.collection<T>(name, indexes);
      if (name !== 'tickets') return collection;
      return new Proxy(collection, {
        get(target, property) {
          const method: unknown = target[property as keyof Collection<T>];
          if (typeof method !== 'function') return method;
          return async (...all: unknown[]) => {
            if (property === 'bulkWrite' && isRefusing()) throw new Error('the store is away');
            return method.apply(target, all);
          };
        },
      });
    },
    inOrder: (work) => docStore.inOrder(work),
    problems: () => [],
    [Symbol.asyncDispose]: async () => {},
  };
}

test('I2: a mail that had to be tried again more often than a sender is acknowledged in an hour is acknowledged once', async () => {
  await using adapters = await openInMemory();
  let refusing = true;
  const docStore = refusingTickets(adapters.docStore, () => refusing);
  await using desk = await Desk.open({ ...adapters, docStore });
  const first = mail();
  for (let tries = 0; tries < 7; tries++) await expect(desk.ingest(first)).rejects.toThrow();
  refusing = false;
  const [placed] = await desk.ingest(first);
  const { entries } = await desk.tickets.getTicket({ id: placed?.ticketId ?? '' });
  expect(entries.map(({ purpose }) => purpose)).toEqual([0, 2]);
});

/** Lets everything be published, over the leases of whoever crashed. */
async function settle(desk: Desk): Promise<void> {
  await desk.advance(30_000);
}

test.each(['before', 'after'] as const)(
  'invariants 1 and 3: a crash %s any write, then redelivery: each message on exactly one ticket, no ticket twice, no gap in its events',
  async (when) => {
    const { run, messages } = scenario();
    let expected: string[][];
    {
      await using adapters = await openInMemory();
      await using desk = await Desk.open(adapters);
      expected = grouping(await run({ tickets: desk.tickets, ingest: (...all) => desk.ingest(...all) }));
    }
    expect(expected.map(({ length }) => length).sort()).toEqual([1, 1, 1, 2, 2, 3]);
    for (let at = 1; ; at++) {
      await using adapters = await openInMemory();
      const clock = new ManualClock();
      const crash = new Crash(at, when);
      {
        await using doomed = await Desk.open(crash.adapters(adapters), { clock });
        await run({ tickets: doomed.tickets, ingest: (...all) => doomed.ingest(...all) }).catch((error: Error) => {
          expect(error.message).toBe('crashed');
        });
        // The relay may be the one that meets the crash.
        await settle(doomed);
      }
      await using desk = await Desk.open(adapters, { clock });
      const places = await run({ tickets: desk.tickets, ingest: (...all) => desk.ingest(...all) });
      const label = `crash ${when} write ${at}`;
      expect(grouping(places), label).toEqual(expected);
      const { tickets } = await desk.tickets.listTickets({
        ...{ states: [], ownerId: '', region: '', channel: '', customerId: '', queue: '', unassigned: false },
        ...{ pageSize: 500, pageToken: '' },
      });
      expect(tickets.map(({ id }) => id).sort(), label).toEqual([...new Set(Object.values(places))].sort());
      await settle(desk);
      const seen: string[] = [];
      for (const { id, lastSequence } of tickets) {
        const { entries } = await desk.tickets.getTicket({ id });
        const inbound = entries.filter(({ kind }) => kind === 1).map((entry) => entry.id);
        // In the order in which they were sent.
        expect(inbound, label).toEqual(messages.map((message) => message.id).filter((each) => inbound.includes(each)));
        seen.push(...inbound);
        const published = await desk.published(id, Number(lastSequence));
        const order = desk.events.filter((event) => event.ticketId === id).map(({ sequence }) => Number(sequence));
        expect([...new Set(order)], label).toEqual(published.map((_, i) => i + 1));
      }
      expect(seen.sort(), label).toEqual(messages.map(({ id }) => id).sort());
      if (!crash.happened) {
        expect(at, 'the scenario has that many writes').toBeGreaterThan(20);
        return;
      }
    }
  },
  120_000,
);
