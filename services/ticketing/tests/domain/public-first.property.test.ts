import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type IncomingMessage,
  type KnownTicket,
  type PlacementBook,
  type Pointer,
  placeMessage,
} from '../../src/domain/placement.ts';

interface Step {
  readonly person: number;
  readonly account: number;
  readonly isPublic: boolean;
  /** Which of a person's posts; in private there is one conversation. */
  readonly post: number;
  readonly isVerified: boolean;
  readonly isMachine: boolean;
  /** The ticket that was touched before stops running first. */
  readonly resolves: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  person: fc.nat(2),
  account: fc.nat(1),
  isPublic: fc.boolean(),
  post: fc.nat(2),
  isVerified: fc.nat(5).map((n) => n > 0),
  isMachine: fc.nat(7).map((n) => n === 0),
  resolves: fc.nat(4).map((n) => n === 0),
});

type Ticket = { -readonly [Key in keyof KnownTicket]: KnownTicket[Key] } & { participants: Set<string> };

/** Tickets as placements make them. */
class Book implements PlacementBook {
  readonly tickets = new Map<string, Ticket>();
  readonly #pointers = new Map<string, Pointer>();

  ticket(id: string) {
    return this.tickets.get(id);
  }
  ticketsWith() {
    return [];
  }
  pointer(key: string) {
    return this.#pointers.get(key);
  }

  place(message: IncomingMessage, newTicketId: string): string {
    const { ticketId, claims, moves } = placeMessage(message, this, newTicketId);
    for (const pointer of claims) {
      expect(this.#pointers.has(pointer.key), 'a claim is of a key that is free').toBe(false);
      this.#pointers.set(pointer.key, pointer);
    }
    for (const pointer of moves) this.#pointers.set(pointer.key, pointer);
    const fresh: Ticket = {
      id: ticketId,
      over: false,
      running: true,
      participants: new Set<string>(),
      receivedAtMs: 0,
    };
    const ticket = this.tickets.get(ticketId) ?? fresh;
    // Whoever starts a ticket is on it, and every person who writes to it.
    const counts = !this.tickets.has(ticketId) || message.automatic === 'none';
    if (message.senderKey !== '' && counts) ticket.participants.add(message.senderKey);
    // Whoever writes to a resolved ticket brings it back.
    if (message.automatic === 'none') ticket.running = true;
    this.tickets.set(ticketId, ticket);
    return ticketId;
  }
}

function messageOf(
  { person, account, isPublic, post, isVerified, isMachine }: Step,
  publicFirst: boolean,
): IncomingMessage {
  const place = isPublic ? `post ${post}` : 'private';
  return {
    channel: 'weibo',
    account: `account ${account}`,
    conversationKey: `${account} ${person} ${place}`,
    senderKey: isVerified ? `weibo:${person}` : '',
    replyToTicketId: '',
    references: [],
    automatic: isMachine ? 'generated' : 'none',
    bouncedEntryId: '',
    keyProvesSender: false,
    reportsCall: false,
    isPublic,
    publicFirst,
  };
}

test('private goes on where the same person began in public, while that is running, and nobody else gets there', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const book = new Book();
      const lastPublic = new Map<string, string>();
      const privately = new Map<string, string>();
      let touched = '';
      steps.forEach((one, index) => {
        const before = book.tickets.get(touched);
        if (one.resolves && before !== undefined) before.running = false;
        const message = messageOf(one, true);
        const { senderKey, account, isPublic, automatic } = message;
        const who = `${account} ${senderKey}`;
        const counts = senderKey !== '' && automatic === 'none';
        const started = book.tickets.get(lastPublic.get(who) ?? '');
        const own = book.tickets.get(privately.get(who) ?? '');
        const wasRunning = started?.running === true;
        const ownRan = own?.running === true;
        const wasOnIt = new Map([...book.tickets].map(([id, { participants }]) => [id, participants.has(senderKey)]));
        touched = book.place(message, `ticket ${index}`);
        const isNew = touched === `ticket ${index}`;
        expect(isNew || wasOnIt.get(touched), 'whoever gets on a ticket was on it').toBe(true);
        if (!isPublic && senderKey !== '' && !counts) privately.set(who, touched);
        if (!counts) return;
        if (!isPublic && ownRan) expect(touched, 'a running private ticket goes on').toBe(own.id);
        else if (!isPublic && wasRunning) expect(touched, 'what began in public goes on').toBe(started.id);
        else if (!isPublic && started !== undefined && started !== own) expect(touched).not.toBe(started.id);
        (isPublic ? lastPublic : privately).set(who, touched);
      });
    }),
    { numRuns: 2000 },
  );
});

test('where public does not come first, a private message never goes to a public ticket', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      const book = new Book();
      const isPublicTicket = new Map<string, boolean>();
      steps.forEach((one, index) => {
        const ticketId = book.place(messageOf(one, false), `ticket ${index}`);
        expect(isPublicTicket.get(ticketId) ?? one.isPublic).toBe(one.isPublic);
        isPublicTicket.set(ticketId, one.isPublic);
      });
    }),
  );
});
