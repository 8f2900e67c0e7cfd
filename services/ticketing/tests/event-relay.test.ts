import type { Collection, DocStore, Document, IndexSpec } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { expect, test } from 'vitest';
import type { TicketEvent } from '../src/domain/changes.ts';
import type { Ticket } from '../src/domain/ticket.ts';
import { createEventRelay } from '../src/usecases/relay-events.ts';
import { type Adapters, by, Desk, mail } from './desk.ts';
import { openInMemory } from './embedded.ts';

/** The same log, whose appends fail while `down` says so. */
function failing(eventLog: EventLog, down: () => boolean): EventLog {
  return new Proxy(eventLog, {
    get(target, property) {
      const value = target[property as keyof EventLog] as unknown;
      if (typeof value !== 'function') return value;
      if (property !== 'append') return value.bind(target);
      return async (records: Parameters<EventLog['append']>[0]) => {
        if (down()) throw new Error('no broker');
        await target.append(records);
      };
    },
  });
}

/** The same store, in which writes of tickets wait for `before`. */
function delayed(docStore: DocStore, before: () => Promise<void>): DocStore {
  return {
    async collection<T extends Document>(name: string, indexes?: readonly IndexSpec[]): Promise<Collection<T>> {
      const collection = await docStore.collection<T>(name, indexes);
      if (name !== 'tickets') return collection;
      return new Proxy(collection, {
        get(target, property) {
          const value: unknown = target[property as keyof Collection<T>];
          if (typeof value !== 'function') return value;
          if (property !== 'bulkWrite') return value.bind(target);
          return async (operations: Parameters<Collection<T>['bulkWrite']>[0]) => {
            await before();
            return target.bulkWrite(operations);
          };
        },
      });
    },
    inOrder: (work) => docStore.inOrder(work),
    problems: () => docStore.problems(),
    [Symbol.asyncDispose]: async () => {},
  };
}

test('while the log is down tickets go on changing, health says so, and then everything goes out once and in order', async () => {
  await using adapters = await openInMemory();
  let isDown = true;
  await using desk = await Desk.open({ ...adapters, eventLog: failing(adapters.eventLog, () => isDown) });
  // More tickets than wait in memory.
  const results = [];
  for (let i = 0; i < 6; i++) results.push(...(await desk.ingest(...Array.from({ length: 1000 }, () => mail()))));
  const [{ ticketId = '' } = {}] = results;
  await desk.tickets.addNote({ ticketId, context: by(), text: 'meanwhile', attachments: [] });
  await until('the problem', () => desk.service.problems().length > 0);
  expect(desk.service.problems()).toEqual(['ticket events cannot be published: no broker']);
  await desk.advance(60_000);
  isDown = false;
  await desk.advance(10_000);
  await until('all events', async () => {
    await desk.advance(1000);
    return desk.events.length >= 18_001;
  });
  expect(desk.events).toHaveLength(18_001);
  const order = desk.events.filter((event) => event.ticketId === ticketId).map(({ sequence }) => Number(sequence));
  expect(order).toEqual([1, 2, 3, 4]);
  expect(desk.service.problems()).toEqual([]);
}, 60_000);

test('a ticket written long after it was announced, by a process that then ends, is published all the same', async () => {
  await using adapters = await openInMemory();
  const clock = new ManualClock();
  const write = Promise.withResolvers<void>();
  const slow: Adapters = { ...adapters, docStore: delayed(adapters.docStore, () => write.promise) };
  await using doomed = await Desk.open(slow, { clock, start: false });
  await using other = await Desk.open(adapters, { clock });
  const taken = doomed.take(mail());
  await until('the note', async () => {
    const notes = await adapters.docStore.collection('publications');
    return (await notes.count({})) === 1;
  });
  // The other replica takes the note over and finds nothing written.
  await clock.advance(40_000);
  write.resolve();
  const { ticketId } = await taken;
  await clock.advance(40_000);
  expect((await other.published(ticketId, 3)).map(({ sequence }) => Number(sequence))).toEqual([1, 2, 3]);
  await until('the end of the note', async () => {
    await clock.advance(10_000);
    const notes = await adapters.docStore.collection('publications');
    return (await notes.count({})) === 0;
  });
});

test('what is queued while the relay asks for another replica’s publication waits for its own turn', async () => {
  const publication = (id: string) => ({ id, ticketIds: ['t'], announcedAtMs: 0, untilMs: Number.MAX_SAFE_INTEGER });
  const notes = new Set(['theirs 1', 'theirs 2']);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const appended: number[] = [];
  const clock = new ManualClock(0);
  const relay = createEventRelay({
    clock,
    store: { load: async () => new Map() },
    append: async (news) => void appended.push(...news.flatMap(({ events }) => events.map(({ sequence }) => sequence))),
    publications: {
      announce: async () => publication('ours'),
      isOwn: (id) => id.startsWith('ours'),
      async unfinished(ids) {
        asked.resolve();
        await answer.promise;
        return new Set(ids.filter((id) => notes.has(id)));
      },
      renew: async () => [],
      takeOver: async () => [],
      narrow: async () => {},
      takeBack: async () => {},
    },
  });
  const news = (sequence: number) => [{ ticket: {} as Ticket, events: [{ sequence } as TicketEvent] }];
  await relay.start();
  relay.publish(publication('ours 1'), news(2), new Set(['theirs 1']));
  await asked.promise;
  relay.publish(publication('ours 2'), news(4), new Set(['theirs 2']));
  notes.delete('theirs 1');
  answer.resolve();
  await until('the first', () => appended.length === 1);
  await clock.advance(100);
  expect(appended).toEqual([2]);
  notes.delete('theirs 2');
  await clock.advance(100);
  expect(appended).toEqual([2, 4]);
  await relay.stop();
});
