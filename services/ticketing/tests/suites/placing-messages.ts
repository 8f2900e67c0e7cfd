import { type InboundMessage, Verification } from '@tributary/contracts';
import { ManualClock } from '@tributary/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { by, chatLine, contact, Desk, grade, mail, type OpenAdapters } from '../desk.ts';

/** Which ticket a message goes to, whose customer its sender is, and what is acknowledged. */
export function describePlacingMessages(open: OpenAdapters): void {
  describe('placing messages', () => {
    const opened = new AsyncDisposableStack();
    let desk: Desk;
    let adapters: Awaited<ReturnType<OpenAdapters>>;
    beforeAll(async () => {
      adapters = opened.use(await open());
      desk = opened.use(await Desk.open(adapters));
    });
    afterAll(() => opened.disposeAsync());
    const place = async (message: InboundMessage) => (await desk.take(message)).ticketId;
    const closeTicket = async (ticketId: string) => {
      await desk.tickets.resolve({ ticketId, context: by(), solution: '' });
      await desk.tickets.close({ ticketId, context: by() });
    };
    let person = 0;
    const somebody = () => `person${++person}@example.org`;

    test('invariant 1: the same message 20 times at once, on two replicas, has one place on one ticket', async () => {
      await using other = await Desk.open(adapters, { clock: desk.clock });
      const message = mail({ from: somebody() });
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? desk : other).take(message)),
      );
      expect(new Set(results.map(({ ticketId }) => ticketId)).size).toBe(1);
      expect(results.every(({ created }) => created)).toBe(true);
      const [{ ticketId = '' } = {}] = results;
      const { entries } = await desk.tickets.getTicket({ id: ticketId });
      expect(entries.filter(({ id }) => id === message.id)).toHaveLength(1);
    });

    test('invariant 1: different messages of one conversation at once, on two replicas, make one ticket', async () => {
      await using other = await Desk.open(adapters, { clock: desk.clock });
      const from = somebody();
      const messages = Array.from({ length: 20 }, () => mail({ from, conversationKey: `email:${from}` }));
      const results = await Promise.all(messages.map((message, i) => (i % 2 === 0 ? desk : other).take(message)));
      expect(new Set(results.map(({ ticketId }) => ticketId)).size).toBe(1);
      const { entries } = await desk.tickets.getTicket({ id: results[0]?.ticketId ?? '' });
      expect(entries.filter(({ kind }) => kind === 1)).toHaveLength(20);
    });

    test('invariant 1: a message that comes again later stays where it was, also when its ticket is closed', async () => {
      const message = mail({ from: somebody() });
      const ticketId = await place(message);
      await closeTicket(ticketId);
      const later = new ManualClock('2026-05-09T08:00:00Z');
      await using desk8DaysLater = await Desk.open(adapters, { clock: later, start: false });
      expect(await desk8DaysLater.take(message)).toMatchObject({ ticketId, duplicate: true, created: true, state: 5 });
    });

    test('invariant 2: messages of one conversation keep their order, also within one batch', async () => {
      const lines = Array.from({ length: 50 }, (_, i) => chatLine('session-order', { text: `line ${i}` }));
      const results = await desk.ingest(...lines.slice(0, 30));
      await desk.ingest(...lines.slice(30));
      const { entries } = await desk.tickets.getTicket({ id: results[0]?.ticketId ?? '' });
      const inbound = entries.filter(({ kind }) => kind === 1).map(({ text }) => text);
      expect(inbound).toEqual(lines.map(({ text }) => text));
    });

    test('a batch of a thousand is placed in the order of its items, repeats and bad ones among them', async () => {
      const messages = Array.from({ length: 998 }, () => mail({ from: somebody() }));
      const [first] = messages;
      if (first === undefined) throw new Error('no message');
      const bad = mail({ conversationKey: '' });
      const results = await desk.ingest(...messages, first, bad);
      expect(results.map(({ messageId }) => messageId)).toEqual([...messages, first, bad].map(({ id }) => id));
      expect(results[998]).toMatchObject({ duplicate: true, ticketId: results[0]?.ticketId });
      expect(results[999]).toMatchObject({
        error: 'message.conversation_key: must have 1 to 1024 characters, has 0',
        ticketId: '',
      });
      expect(new Set(results.slice(0, 998).map(({ ticketNumber }) => ticketNumber)).size).toBe(998);
    });

    test('a token in the reply address proves the ticket, whoever writes', async () => {
      const ticketId = await place(mail({ from: somebody() }));
      expect(await place(mail({ from: somebody(), replyToTicketId: ticketId }))).toBe(ticketId);
    });

    test('a reference leads to its ticket for those who are on it: sender, and whom they wrote to along with us', async () => {
      const from = somebody();
      const colleague = somebody();
      const first = mail({ from, participants: [contact(colleague)] });
      const ticketId = await place(first);
      const references = [first.providerMessageId];
      expect(await place(mail({ from, references }))).toBe(ticketId);
      expect(await place(mail({ from: colleague, references }))).toBe(ticketId);
    });

    test('security: a stranger gets on no ticket by number, reference or conversation, nor by only claiming an address', async () => {
      const from = somebody();
      const first = mail({ from });
      const { ticketId, ticketNumber } = await desk.take(first);
      const references = [first.providerMessageId];
      const { conversationKey } = first;
      const attempts = [
        mail({ from: somebody(), subject: `Re: [${ticketNumber}]`, text: ticketNumber }),
        mail({ from: somebody(), references, conversationKey }),
        mail({ sender: contact(from, Verification.VERIFICATION_CLAIMED), references, conversationKey }),
        mail({ sender: contact(''), references, conversationKey }),
        mail({ from: somebody(), references, conversationKey, automatic: 2, participants: [contact(from)] }),
        mail({ from: somebody(), references, conversationKey, automatic: 3, bounce: bounceOf('') }),
      ];
      for (const attempt of attempts) expect(await place(attempt)).not.toBe(ticketId);
      // Nor do they take the conversation away from its owner.
      expect(await place(mail({ from, conversationKey }))).toBe(ticketId);
    });

    test('security: an address typed into a chat form gets its real owner on no ticket, nor the visitor on theirs', async () => {
      const victim = somebody();
      const victimsMail = mail({ from: victim });
      const victims = await place(victimsMail);
      const typed = [contact(victim, Verification.VERIFICATION_CLAIMED)];
      const line = chatLine('session-typed', { participants: typed, references: [victimsMail.providerMessageId] });
      const { ticketId, customerId } = await desk.take(line);
      expect(ticketId).not.toBe(victims);
      expect(customerId).not.toBe((await desk.tickets.getTicket({ id: victims })).customerId);
      expect(await place(mail({ from: victim, conversationKey: line.conversationKey }))).not.toBe(ticketId);
    });

    test('the running ticket of a conversation takes what refers to nothing', async () => {
      const from = somebody();
      const ticketId = await place(mail({ from, conversationKey: `email:${from}` }));
      expect(await place(mail({ from, conversationKey: `email:${from}` }))).toBe(ticketId);
    });

    test('a message to a closed ticket starts one follow-up, which takes what comes after it by any way', async () => {
      const from = somebody();
      const first = mail({ from });
      const closed = await place(first);
      await closeTicket(closed);
      const references = [first.providerMessageId];
      const again = await desk.take(mail({ from, references }));
      expect(again).toMatchObject({ created: true });
      const followUp = await desk.tickets.getTicket({ id: again.ticketId });
      expect(followUp.followsTicketId).toBe(closed);
      expect(await place(mail({ from, references }))).toBe(followUp.id);
      expect(await place(mail({ from, replyToTicketId: closed }))).toBe(followUp.id);
      expect(await place(mail({ from, conversationKey: first.conversationKey }))).toBe(followUp.id);
      await closeTicket(followUp.id);
      const third = await place(mail({ from, replyToTicketId: closed }));
      expect((await desk.tickets.getTicket({ id: third })).followsTicketId).toBe(followUp.id);
    });

    test('a conversation without end goes on in a follow-up once its ticket is full', async () => {
      const lines = Array.from({ length: 2001 }, () => chatLine('session-endless'));
      const [first] = await desk.ingest(...lines.slice(0, 1000));
      await desk.ingest(...lines.slice(1000, 2000));
      const [last] = await desk.ingest(...lines.slice(2000));
      expect(last?.created).toBe(true);
      const followUp = await desk.tickets.getTicket({ id: last?.ticketId ?? '' });
      expect(followUp.followsTicketId).toBe(first?.ticketId);
    });

    test('an answer to our own mail is found by the id that its delivery reported', async () => {
      const from = somebody();
      const ticketId = await place(mail({ from }));
      const [acknowledgement] = await desk.sent(ticketId, 1);
      await desk.report({
        outboundMessageId: acknowledgement?.id ?? '',
        ticketId,
        status: 1,
        providerMessageId: `ours-${ticketId}`,
      });
      const events = await desk.published(ticketId, 4);
      expect(events.at(-1)?.change).toMatchObject({ $case: 'deliveryUpdated', value: { status: 1 } });
      expect(await place(mail({ from, references: [`ours-${ticketId}`] }))).toBe(ticketId);
    });

    test('a bounce marks the delivery failed, on the ticket it belongs to; nothing is reopened or acknowledged', async () => {
      const { ticketId } = await desk.take(mail({ from: somebody() }));
      const [acknowledgement] = await desk.sent(ticketId, 1);
      await desk.tickets.resolve({ ticketId, context: by(), solution: '' });
      const bounce = mail({
        from: 'mailer-daemon@example.org',
        automatic: 3,
        bounce: bounceOf(acknowledgement?.id ?? ''),
      });
      expect(await desk.take(bounce)).toMatchObject({ ticketId, state: 4, created: false });
      const { entries } = await desk.tickets.getTicket({ id: ticketId });
      expect(entries[1]).toMatchObject({
        deliveryStatus: 4,
        deliveryReason: '550 no such user 5.1.1 (ada@example.org)',
      });
      expect(entries).toHaveLength(3);
    });

    test('a bounce of nothing we know is kept on a ticket that wants nobody', async () => {
      const result = await desk.take(mail({ from: 'mailer-daemon@example.org', automatic: 3, bounce: bounceOf('') }));
      expect(result).toMatchObject({ created: true, needsOwner: false, state: 4 });
    });

    test('I6: one verified address is one customer; an address that is only claimed is nobody’s but the conversation’s', async () => {
      const from = somebody();
      const [first, second] = await desk.ingest(mail({ from }), mail({ from }));
      expect(first?.customerId).toBe(second?.customerId);
      expect(first?.ticketId).not.toBe(second?.ticketId);
      const claimed = contact(from, Verification.VERIFICATION_CLAIMED);
      const [line, next] = await desk.ingest(
        chatLine('session-claim', { sender: claimed }),
        chatLine('session-claim', { sender: claimed }),
      );
      expect(line?.customerId).not.toBe(first?.customerId);
      expect(next).toMatchObject({ customerId: line?.customerId, ticketId: line?.ticketId });
      const later = await desk.take(mail({ from }));
      expect(later.customerId).toBe(first?.customerId);
    });

    test('G3: says who owns another running problem of the customer', async () => {
      const from = somebody();
      const { ticketId } = await desk.take(mail({ from }));
      await desk.tickets.assign({ ticketId, context: by(), ownerId: 'grace' });
      expect(await desk.take(mail({ from }))).toMatchObject({
        created: true,
        runningProblemOwnerId: 'grace',
        ownerId: '',
      });
      await desk.tickets.resolve({ ticketId, context: by(), solution: '' });
      expect(await desk.take(mail({ from }))).toMatchObject({ runningProblemOwnerId: '' });
    });

    test('I2: an acknowledgement says number and expected time in the customer’s language, in English when it has no template', async () => {
      const texts: string[] = [];
      for (const language of ['zh', 'en', 'fi']) {
        const message = mail({ from: somebody(), subject: '灯' });
        const [result] = await desk.ingestGraded({ message, grade: grade({ language, severity: 1 }) });
        const [sent] = await desk.sent(result?.ticketId ?? '', 1);
        expect(sent).toMatchObject({ purpose: 2, references: [message.providerMessageId], subject: 'Re: 灯' });
        expect(sent?.text).toContain(result?.ticketNumber);
        texts.push(sent?.text ?? '');
      }
      expect(texts[0]).toContain('2小时');
      expect(texts[1]).toContain('within 2 hours');
      expect(texts[2]).toContain('within 2 hours');
    });

    test('I2: one sender gets at most five acknowledgements an hour, whichever replica takes the mail', async () => {
      await using other = await Desk.open(adapters, { clock: desk.clock });
      const from = somebody();
      const acknowledged = async (results: readonly { ticketId: string }[]) => {
        const tickets = await Promise.all(results.map(({ ticketId }) => desk.tickets.getTicket({ id: ticketId })));
        return tickets.filter(({ entries }) => entries.some(({ purpose }) => purpose === 2)).length;
      };
      const many = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? desk : other).take(mail({ from }))));
      expect(await acknowledged(many)).toBe(5);
      await desk.advance(3_600_001);
      expect(await acknowledged(await desk.ingest(...Array.from({ length: 7 }, () => mail({ from }))))).toBe(5);
    });

    test('I2: nothing is acknowledged to machines, in public, or to addresses that are only claimed', async () => {
      const results = await desk.ingest(
        ...[2, 3, 4, 5, 6].map((automatic) => mail({ from: somebody(), automatic: automatic as 2 })),
        mail({ sender: contact(somebody(), Verification.VERIFICATION_CLAIMED) }),
        mail({ sender: contact('') }),
        mail({ from: somebody(), visibility: 2 }),
      );
      for (const { ticketId } of results) {
        const { entries } = await desk.tickets.getTicket({ id: ticketId });
        expect(entries).toHaveLength(1);
      }
    });
  });
}

function bounceOf(outboundMessageId: string) {
  return {
    outboundMessageId,
    recipient: 'ada@example.org',
    status: '5.1.1',
    diagnostic: '550 no such user',
    permanent: true,
  };
}
