import { describe, expect, test } from 'vitest';
import { type Adapters, agent, by, Desk, mail } from './desk.ts';

/** What the service promises, on any adapters. @param open Opens adapters that share nothing with others. */
export function describeTicketing(name: string, open: () => Promise<Adapters & AsyncDisposable>): void {
  describe(`ticketing on ${name}`, () => {
    test('a mail becomes a ticket in its queue, acknowledged, assigned and answered', async () => {
      await using adapters = await open();
      await using desk = await Desk.open(adapters);
      const placed = await desk.take(mail());
      expect(placed).toMatchObject({
        created: true,
        duplicate: false,
        needsOwner: true,
        ownerId: '',
        ticketNumber: '20260501001',
        error: '',
      });
      const { ticketId } = placed;
      const assigned = await desk.tickets.assignTickets({
        items: [{ ticketId, ownerId: 'grace', decisionId: 'd1', replaceOwner: false }],
        actor: agent,
      });
      expect(assigned.results).toEqual([{ ticketId, ownerId: 'grace', error: '' }]);
      const answered = await desk.tickets.reply({
        ticketId,
        context: by(),
        text: 'Is it plugged in?',
        html: '',
        attachments: [],
        visibility: 0,
      });
      expect(answered).toMatchObject({ state: 2, ownerId: 'grace' });
      const events = await desk.published(ticketId, 6);
      expect(events.map(({ sequence, change }) => [Number(sequence), change?.$case])).toEqual([
        [1, 'created'],
        [2, 'messageReceived'],
        [3, 'replyAdded'],
        [4, 'assigned'],
        [5, 'replyAdded'],
        [6, 'deadlineMet'],
      ]);
      const sent = await desk.sent(ticketId, 2);
      expect(sent.map(({ purpose, text }) => [purpose, text.includes('20260501001')])).toEqual([
        [2, true],
        [1, false],
      ]);
    });
  });
}
