import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import {
  ActorKind,
  deadLetterTopic,
  decodeEvent,
  type Signal,
  SignalKind,
  type TicketEvent,
  topics,
} from '@tributary/contracts';
import { systemClock } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { describe, expect, test } from 'vitest';
import { agent, by, chatLine, Desk, mail, type OpenAdapters } from '../desk.ts';

/** Per ticket, the first time each event was seen, in the order they were seen. */
function firstSeen(events: readonly TicketEvent[], ticketId: string): number[] {
  return [...new Set(events.filter((event) => event.ticketId === ticketId).map(({ sequence }) => Number(sequence)))];
}

/** Events, deliveries and deadlines, with replicas and restarts. */
export function describePublishingEvents(open: OpenAdapters): void {
  describe('publishing events', () => {
    test('invariant 3: with two replicas at work on the same tickets, sequences are published in order and without gap', async () => {
      await using adapters = await open();
      await using one = await Desk.open(adapters, { clock: systemClock });
      await using two = await Desk.open(adapters, { clock: systemClock });
      const placed = await one.ingest(...Array.from({ length: 10 }, () => mail({ receivedTime: new Date() })));
      await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const { ticketId = '' } = placed[i % 10] ?? {};
          const { tickets } = i % 3 === 0 ? one : two;
          await tickets.addNote({ ticketId, context: by(), text: `note ${i}`, attachments: [] });
        }),
      );
      for (const { ticketId } of placed) {
        await one.published(ticketId, 23);
        const sequences = one.events
          .filter((event) => event.ticketId === ticketId)
          .map(({ sequence }) => Number(sequence));
        // Nothing crashed: nothing is repeated either.
        expect(sequences).toEqual(Array.from({ length: 23 }, (_, i) => i + 1));
      }
    });

    test('invariant 3: what was written and not published before a crash, another replica publishes', async () => {
      await using adapters = await open();
      const clock = new ManualClock();
      // It takes messages, and never comes to publish.
      await using crashed = await Desk.open(adapters, { clock, start: false });
      const placed = await crashed.ingest(mail(), mail(), mail());
      await using other = await Desk.open(adapters, { clock });
      // A command that finds the lease of the dead adds to what is to be published and leaves the order alone.
      const [{ ticketId = '' } = {}] = placed;
      await other.tickets.addNote({ ticketId, context: by(), text: 'meanwhile', attachments: [] });
      await clock.advance(16_000);
      expect((await other.published(ticketId, 4)).map(({ sequence }) => Number(sequence))).toEqual([1, 2, 3, 4]);
      for (const result of placed) {
        await other.published(result.ticketId, 3);
        expect((await other.sent(result.ticketId, 1)).length).toBe(1);
      }
    });

    test('invariant 6: deadlines survive a restart and are told once by two replicas', async () => {
      await using adapters = await open();
      const clock = new ManualClock();
      let ticketId: string;
      {
        await using before = await Desk.open(adapters, { clock });
        ({ ticketId } = await before.take(mail()));
        await before.published(ticketId, 3);
      }
      await using one = await Desk.open(adapters, { clock });
      await using two = await Desk.open(adapters, { clock });
      const told = async (what: string, count: number) => {
        await until(what, async () => {
          await clock.advance(5000);
          return firstSeen(one.events, ticketId).length >= count;
        });
        const events = await one.published(ticketId, count);
        return events.slice(3).map(({ change }) => change?.$case);
      };
      await clock.advance(18 * 3_600_000);
      expect(await told('the warnings', 5)).toEqual(['deadlineWarned', 'deadlineWarned']);
      await clock.advance(6 * 3_600_000);
      const all = ['deadlineWarned', 'deadlineWarned', 'deadlineBreached', 'deadlineBreached'];
      expect(await told('the breaches', 7)).toEqual(all);
      await clock.advance(48 * 3_600_000);
      await two.tickets.addNote({ ticketId, context: by(), text: 'last', attachments: [] });
      expect(await told('the note', 8)).toEqual([...all, 'noteAdded']);
    });

    test('T4: what falls due is told when it is due', async () => {
      await using adapters = await open();
      const clock = new ManualClock();
      await using desk = await Desk.open(adapters, { clock });
      const { ticketId } = await desk.take(mail());
      const { deadlines } = await desk.tickets.getTicket({ id: ticketId });
      const dueAtMs = Math.min(...deadlines.map(({ dueTime }) => Number(dueTime)));
      await clock.advance(dueAtMs - clock.now() - 300);
      // The warnings, which are late for the clock jumped.
      await desk.published(ticketId, 5);
      const breach = (await desk.published(ticketId, 6)).find(({ change }) => change?.$case === 'deadlineBreached');
      // The clock goes on while it is stored and published.
      expect(Number(breach?.time) - dueAtMs).toBeLessThan(1000);
      expect(Number(breach?.time)).toBeGreaterThanOrEqual(dueAtMs);
    });

    test('an agent who types is shown in a chat, and nowhere else', async () => {
      await using adapters = await open();
      await using desk = await Desk.open(adapters);
      const chat = await desk.take(chatLine(`session-${randomUUID()}`));
      const signals: Signal[] = [];
      const tail = await adapters.eventLog.tail({
        topics: [topics.signals.name],
        from: 'start',
        handle: (record) => void signals.push(decodeEvent(topics.signals, record)),
      });
      await desk.tickets.signalTyping({ ticketId: chat.ticketNumber, actor: agent, active: true });
      await desk.tickets.signalTyping({ ticketId: chat.ticketId, actor: agent, active: false });
      const ours = () => signals.filter(({ ticketId }) => ticketId === chat.ticketId);
      await until('both signals', () => ours().length === 2);
      await tail.stop();
      const { conversationKey, version } = await desk.tickets.getTicket({ id: chat.ticketId });
      const signal = { conversationKey, channel: 'chat', fromAgent: true, authorName: 'Grace' };
      expect(ours()).toMatchObject([
        { ...signal, kind: SignalKind.SIGNAL_KIND_TYPING_STARTED },
        { ...signal, kind: SignalKind.SIGNAL_KIND_TYPING_STOPPED },
      ]);
      expect(version).toBe(1n);

      const { ticketId } = await desk.take(mail());
      await expect(desk.tickets.signalTyping({ ticketId, actor: agent, active: true })).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        message: 'typing is shown where a customer waits for written answers, not on email',
      });
      const customer = { ...agent, kind: ActorKind.ACTOR_KIND_CUSTOMER };
      await expect(desk.tickets.signalTyping({ ticketId, actor: customer, active: true })).rejects.toMatchObject({
        violations: [{ field: 'actor.kind' }],
      });
    });

    test('what became of a message is noted; what can never be noted goes to the dead letters', async () => {
      await using adapters = await open();
      await using desk = await Desk.open(adapters);
      const { ticketId } = await desk.take(mail());
      const [{ id: outboundMessageId = '' } = {}] = await desk.sent(ticketId, 1);
      await desk.report({ outboundMessageId, ticketId: 'nowhere', status: 1 });
      await desk.report({ outboundMessageId: 'nothing', ticketId, status: 1 });
      await desk.report({ outboundMessageId, ticketId, status: 9 as never });
      await adapters.eventLog.append([
        { topic: topics.delivery.name, key: 'c', value: new Uint8Array([255]), headers: { ce_id: 'broken' } },
      ]);
      await desk.report({ outboundMessageId, ticketId, status: 3, time: new Date() });
      await desk.report({ outboundMessageId, ticketId, status: 1, providerMessageId: 'p1' });
      await desk.report({ outboundMessageId, ticketId, status: 4, reason: 'mailbox full', providerCode: '552 5.2.2' });
      const events = await desk.published(ticketId, 5);
      const updates = events.slice(3).map(({ change }) => change?.$case === 'deliveryUpdated' && change.value.status);
      expect(updates).toEqual([3, 3]);
      const { entries } = await desk.tickets.getTicket({ id: ticketId });
      expect(entries[1]).toMatchObject({ deliveryStatus: 3, providerMessageId: 'p1' });
      const causes = await until(`4 records in ${deadLetterTopic(topics.delivery.name)}`, () => {
        return desk.deadLetters.length >= 4 && desk.deadLetters.toSorted();
      });
      expect(causes.some((cause) => cause.includes('there is no ticket nowhere'))).toBe(true);
      expect(causes.some((cause) => cause.includes('the ticket has no outbound message nothing'))).toBe(true);
    });
  });
}
