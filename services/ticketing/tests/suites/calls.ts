import { status } from '@grpc/grpc-js';
import {
  CallOutcome,
  ChannelDeclaration,
  type Call as ContractCall,
  encodeEvent,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  type Ticket,
  TicketState,
  topics,
} from '@tributary/contracts';
import { until } from '@tributary/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, by, Desk, grade, mail, type OpenAdapters } from '../desk.ts';

const received = Date.parse('2026-05-01T08:00:00Z');
let counter = 0;

/** What the telephone gateway says of one call; `what` tells its messages apart. */
function caller(number = '+4930123456') {
  const callSid = `CA${++counter}`;
  const message = (what: string, call: Partial<ContractCall>, fields: Partial<InboundMessage> = {}) =>
    InboundMessage.fromPartial({
      id: inboundMessageId('phone', 'hotline', `${callSid}${what}`),
      channel: 'phone',
      account: 'hotline',
      providerMessageId: `${callSid}${what}`,
      conversationKey: `phone:${callSid}`,
      sender: { kind: 'phone', address: number, verification: number === '' ? 1 : 2 },
      text: `call ${callSid}${what}`,
      kind: MessageKind.MESSAGE_KIND_CALL,
      call: { menuChoice: 'repair', ...call },
      automatic: 1,
      receivedTime: new Date(received),
      ...fields,
    });
  return {
    rings: message('', {}),
    ended: (outcome: CallOutcome) =>
      message(' ended', { outcome, waitSeconds: 12n, talkSeconds: outcome === 1 ? 65n : 0n }),
    voicemail: message(
      ' voicemail',
      { outcome: CallOutcome.CALL_OUTCOME_VOICEMAIL },
      { kind: MessageKind.MESSAGE_KIND_VOICEMAIL },
    ),
    message,
  };
}

const firstResponse = ({ deadlines }: Pick<Ticket, 'deadlines'>) => deadlines.find(({ kind }) => kind === 1);

/** What a telephone call does to a ticket. @param open Opens adapters with an empty store. */
export function describeCalls(open: OpenAdapters): void {
  describe('a call', () => {
    const opened = new AsyncDisposableStack();
    let desk: Desk;
    beforeAll(async () => {
      desk = opened.use(await Desk.open(opened.use(await open())));
    });
    afterAll(() => opened.disposeAsync());
    const ticketOf = (id: string) => desk.tickets.getTicket({ id });
    const assign = (ticketId: string) => desk.tickets.assign({ ticketId, context: by(), ownerId: 'grace' });
    const dial = (ticketId: string, phoneNumber = '', context = by()) =>
      desk.tickets.call({ ticketId, context, phoneNumber });

    test('T2: is to be picked up within 30 s however grave it is, and is not acknowledged', async () => {
      const urgent = { message: caller().rings, grade: grade({ severity: 1 }) };
      for (const item of [urgent, { message: caller().rings, grade: grade() }]) {
        const [placed] = await desk.ingestGraded(item);
        const ticket = await ticketOf(placed?.ticketId ?? '');
        expect(firstResponse(ticket)?.dueTime).toEqual(new Date(received + 30_000));
        expect(ticket.entries).toMatchObject([{ messageKind: MessageKind.MESSAGE_KIND_CALL, call: { outcome: 0 } }]);
      }
    });

    test('is picked up by whoever gets the ticket', async () => {
      const { ticketId } = await desk.take(caller().rings);
      expect(firstResponse(await assign(ticketId))?.metTime).toEqual(new Date(desk.clock.now()));
    });

    test('that the customer gave up is not answered by giving the ticket to somebody', async () => {
      const one = caller();
      const { ticketId } = await desk.take(one.rings);
      expect(await desk.take(one.ended(CallOutcome.CALL_OUTCOME_ABANDONED))).toMatchObject({
        ticketId,
        needsOwner: true,
      });
      const ticket = await assign(ticketId);
      expect(firstResponse(ticket)?.metTime).toBeUndefined();
      expect(ticket.entries.at(-1)?.call).toEqual({
        outcome: CallOutcome.CALL_OUTCOME_ABANDONED,
        waitSeconds: 12n,
        talkSeconds: 0n,
        menuChoice: 'repair',
        outbound: false,
      });
    });

    test('is on its ticket with how long they spoke, and the ticket is open from then on', async () => {
      const one = caller();
      const { ticketId } = await desk.take(one.rings);
      await assign(ticketId);
      await desk.take(one.ended(CallOutcome.CALL_OUTCOME_ANSWERED));
      const ticket = await ticketOf(ticketId);
      expect(ticket.state).toBe(TicketState.TICKET_STATE_OPEN);
      expect(ticket.entries.at(-1)?.call).toMatchObject({ outcome: 1, talkSeconds: 65n });
    });

    test('that ends after its ticket was resolved or closed is kept there and reopens nothing', async () => {
      for (const isClosed of [false, true]) {
        const one = caller();
        const { ticketId } = await desk.take(one.rings);
        await assign(ticketId);
        await desk.tickets.resolve({ ticketId, context: by(), solution: 'told how' });
        if (isClosed) await desk.tickets.close({ ticketId, context: by() });
        expect(await desk.take(one.ended(CallOutcome.CALL_OUTCOME_ANSWERED))).toMatchObject({
          ticketId,
          created: false,
        });
        const { state, entries } = await ticketOf(ticketId);
        expect([state, entries.length]).toEqual([isClosed ? 5 : 4, 2]);
      }
    });

    test('without a number belongs to its own ticket, which later news of the same call find', async () => {
      const one = caller('');
      const { ticketId } = await desk.take(one.rings);
      expect((await desk.take(one.ended(CallOutcome.CALL_OUTCOME_ABANDONED))).ticketId).toBe(ticketId);
      expect((await desk.take(caller('').rings)).ticketId).not.toBe(ticketId);
    });

    test('of a customer whose problem is being worked on is a ticket of its own that names who works on it', async () => {
      const number = '+8613800138000';
      const first = await desk.take(caller(number).rings);
      await assign(first.ticketId);
      const second = await desk.take(caller(number).rings);
      expect(second).toMatchObject({
        created: true,
        customerId: first.customerId,
        runningProblemOwnerId: 'grace',
        needsOwner: true,
      });
    });

    test('a voicemail has the time of a written message and is not acknowledged', async () => {
      const { ticketId } = await desk.take(caller().voicemail);
      const ticket = await ticketOf(ticketId);
      expect(firstResponse(ticket)?.dueTime).toEqual(new Date(received + 24 * 3_600_000));
      expect(ticket.entries).toMatchObject([{ messageKind: MessageKind.MESSAGE_KIND_VOICEMAIL }]);
    });

    test('to the customer is refused where nothing can call, and without a number', async () => {
      const { ticketId } = await desk.take(mail());
      await expect(dial(ticketId, '+4930123456')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
      const capabilities = ChannelDeclaration.fromPartial({ channel: 'phone', capabilities: { calls: true } });
      await desk.adapters.eventLog.append([encodeEvent(topics.channels, capabilities, 'test')]);
      const refusal = await until('the declaration to count', async () => {
        const error = await dial(ticketId).catch((each: Error) => each);
        return error instanceof Error && error.message.includes('phone_number') && error;
      });
      expect(refusal).toMatchObject({ code: status.FAILED_PRECONDITION });
      await expect(dial(ticketId, '030 123456')).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    });

    test('to the customer goes out once with the agent to ring and the number, and its result answers the ticket', async () => {
      const written = mail();
      const { ticketId } = await desk.take(written);
      const once = by();
      await dial(ticketId, '+4930987', once);
      await dial(ticketId, '+4930987', once);
      const [, message] = await desk.sent(ticketId, 2);
      expect(message).toMatchObject({
        channel: 'phone',
        kind: MessageKind.MESSAGE_KIND_CALL,
        authorId: agent.id,
        conversationKey: written.conversationKey,
        recipients: [{ kind: 'phone', address: '+4930987' }],
      });
      expect(firstResponse(await ticketOf(ticketId))?.metTime).toBeUndefined();
      const call = { outbound: true, talkSeconds: 30n };
      const result = (what: string, outcome: CallOutcome) =>
        caller('+4930987').message(what, { ...call, outcome }, { replyToTicketId: ticketId });
      await desk.take(result('busy', CallOutcome.CALL_OUTCOME_FAILED));
      expect(firstResponse(await ticketOf(ticketId))?.metTime).toBeUndefined();
      await desk.take(result('spoken', CallOutcome.CALL_OUTCOME_ANSWERED));
      const ticket = await ticketOf(ticketId);
      expect(firstResponse(ticket)?.metTime).toBeDefined();
      expect(ticket.entries.map(({ channel }) => channel)).toEqual(['email', 'email', 'phone', 'phone', 'phone']);
    });

    test('to the customer of a telephone ticket goes to the number they called from', async () => {
      const { ticketId } = await desk.take(caller('+33142270000').rings);
      await dial(ticketId);
      const [message] = await desk.sent(ticketId, 1);
      expect(message).toMatchObject({ account: 'hotline', recipients: [{ address: '+33142270000' }] });
    });
  });
}
