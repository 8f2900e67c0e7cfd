import type { InboundMessage } from '@tributary/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { by, contact, Desk, mail } from './desk.ts';
import { openInMemory } from './embedded.ts';

let adapters: Awaited<ReturnType<typeof openInMemory>>;
let desk: Desk;
beforeAll(async () => {
  adapters = await openInMemory();
  desk = await Desk.open(adapters);
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await adapters[Symbol.asyncDispose]();
});

interface Sending {
  readonly sender: number;
  readonly copyTo: number | null;
  readonly conversation: number;
  readonly refersTo: readonly number[];
  readonly provesTicketOf: number | null;
  readonly automatic: 1 | 2 | 4;
  readonly closesFirst: boolean;
  readonly startsBatch: boolean;
}

const sending: fc.Arbitrary<Sending> = fc.record({
  sender: fc.nat(2),
  copyTo: fc.option(fc.nat(2), { freq: 3 }),
  conversation: fc.nat(3),
  refersTo: fc.array(fc.nat(15), { maxLength: 3 }),
  provesTicketOf: fc.option(fc.nat(15), { freq: 8 }),
  automatic: fc.constantFrom(1, 1, 1, 2, 4),
  closesFirst: fc.nat(9).map((n) => n === 0),
  startsBatch: fc.boolean(),
});

let run = 0;

test('whoever writes what: nobody gets on a ticket unless they are on it, were written to by somebody on it, or have proof', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sending, { minLength: 1, maxLength: 16 }), async (sendings) => {
      run++;
      const address = (who: number) => `p${who}-${run}@example.org`;
      const sent: InboundMessage[] = [];
      const placeOf = new Map<string, string>();
      let batch: InboundMessage[] = [];
      const flush = async () => {
        if (batch.length === 0) return;
        for (const { messageId, ticketId } of await desk.ingest(...batch)) placeOf.set(messageId, ticketId);
        batch = [];
      };
      for (const { refersTo, provesTicketOf, ...one } of sendings) {
        if (one.startsBatch) await flush();
        const proved = provesTicketOf === null ? undefined : sent[provesTicketOf];
        const message = mail({
          from: address(one.sender),
          conversationKey: `conversation ${one.conversation} of ${run}`,
          participants: one.copyTo === null ? [] : [contact(address(one.copyTo))],
          references: refersTo.flatMap((i) => sent[i]?.providerMessageId ?? []),
          replyToTicketId: (proved && placeOf.get(proved.id)) ?? '',
          automatic: one.automatic,
        });
        sent.push(message);
        batch.push(message);
        if (!one.closesFirst) continue;
        await flush();
        const [first] = sent;
        const ticketId = placeOf.get(first?.id ?? '') ?? '';
        await desk.tickets.resolve({ ticketId, context: by(), solution: '' }).catch(() => {});
        await desk.tickets.close({ ticketId, context: by() }).catch(() => {});
      }
      await flush();
      const messages = new Map(sent.map((message) => [message.id, message]));
      const seen: string[] = [];
      const on = new Map<string, Set<string>>();
      const ticketIds = [...new Set(placeOf.values())];
      const tickets = await Promise.all(ticketIds.map((id) => desk.tickets.getTicket({ id })));
      const byId = new Map(tickets.map((ticket) => [ticket.id, ticket]));
      // A follow-up is open to whoever was on the ticket it follows.
      const circle = (id: string): Set<string> => {
        const followed = byId.get(id)?.followsTicketId ?? '';
        return new Set([...(on.get(id) ?? []), ...(followed === '' ? [] : circle(followed))]);
      };
      for (const message of sent) {
        const ticketId = placeOf.get(message.id) ?? '';
        const sender = message.sender?.address ?? '';
        const starts = byId.get(ticketId)?.entries[0]?.id === message.id;
        const isIn = starts || circle(ticketId).has(sender) || message.replyToTicketId !== '';
        expect(isIn, `${sender} on ${ticketId}`).toBe(true);
        const people = on.get(ticketId) ?? new Set<string>();
        if (starts) people.add(sender);
        if (message.automatic === 1) {
          people.add(sender);
          for (const participant of message.participants) people.add(participant.address);
        }
        on.set(ticketId, people);
      }
      for (const { entries } of tickets) {
        seen.push(...entries.filter(({ kind }) => kind === 1).map(({ id }) => id));
      }
      expect(seen.sort()).toEqual([...messages.keys()].sort());
    }),
    { numRuns: 150 },
  );
}, 60_000);
