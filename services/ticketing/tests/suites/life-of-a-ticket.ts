import { status } from '@grpc/grpc-js';
import { ActorKind, ChannelDeclaration, encodeEvent, type Ticket, TicketState, topics } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agent, by, chatLine, Desk, grade, mail, type OpenAdapters } from '../desk.ts';

/** Commands, queries and what they publish. @param open Opens adapters with an empty store. */
export function describeLifeOfATicket(open: OpenAdapters): void {
  describe('the life of a ticket', () => {
    const opened = new AsyncDisposableStack();
    let desk: Desk;
    beforeAll(async () => {
      desk = opened.use(await Desk.open(opened.use(await open())));
    });
    afterAll(() => opened.disposeAsync());
    const answer = (ticketId: string, text: string, context = by()) =>
      desk.tickets.reply({ ticketId, context, text, html: '', attachments: [], visibility: 0 });
    const resolve = (ticketId: string, context = by()) => desk.tickets.resolve({ ticketId, context, solution: 'done' });

    test('a mail becomes a ticket in its queue, acknowledged, assigned and answered', async () => {
      const placed = await desk.take(mail());
      expect(placed).toMatchObject({ created: true, duplicate: false, needsOwner: true, ownerId: '', error: '' });
      expect(placed.ticketNumber).toMatch(/^20260501\d{3}$/);
      const { ticketId } = placed;
      const assigned = await desk.tickets.assignTickets({
        items: [{ ticketId, ownerId: 'grace', decisionId: 'd1', replaceOwner: false }],
        actor: agent,
      });
      expect(assigned.results).toEqual([{ ticketId, ownerId: 'grace', error: '' }]);
      expect(await answer(ticketId, 'Is it plugged in?')).toMatchObject({ state: 2, ownerId: 'grace' });
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
      expect(sent.map(({ purpose, text }) => [purpose, text.includes(placed.ticketNumber)])).toEqual([
        [2, true],
        [1, false],
      ]);
      const { events: audit } = await desk.tickets.listEvents({ ticketId, afterSequence: 0n, pageSize: 0 });
      expect(audit).toEqual(events);
    });

    test('an answer goes to the customer alone, by their channel, and refers to what it answers', async () => {
      const first = mail({
        from: 'ada@example.org',
        participants: [{ kind: 'email', address: 'cc@example.org', displayName: '', verification: 2 }],
      });
      const { ticketId } = await desk.take(first);
      await answer(ticketId, 'Try again.');
      const [, reply] = await desk.sent(ticketId, 2);
      expect(reply).toMatchObject({
        channel: 'email',
        account: 'support',
        conversationKey: first.conversationKey,
        recipients: [{ address: 'ada@example.org' }],
        subject: 'Re: The lamp does not light',
        references: [first.providerMessageId],
        authorName: 'Grace',
      });
    });

    test('agent HTML loses what runs or loads, and keeps its form', async () => {
      const { ticketId } = await desk.take(mail());
      const html = '<p onclick="x()">Hi <b>you</b><script>x()</script><img src="http://spy/x"><img src="cid:a"></p>';
      const ticket = await desk.tickets.reply({
        ticketId,
        context: by(),
        text: 'Hi you',
        html,
        attachments: [],
        visibility: 0,
      });
      expect(ticket.entries.at(-1)?.html).toBe('<p>Hi <b>you</b><img /><img src="cid:a" /></p>');
    });

    test('each state follows the other, and what a state does not allow is FAILED_PRECONDITION with the reason', async () => {
      const { ticketId } = await desk.take(mail());
      await answer(ticketId, 'Hello.');
      const until = new Date(desk.clock.now() + 3_600_000);
      const pending = await desk.tickets.setPending({ ticketId, context: by(), until, reason: 'a part is ordered' });
      expect(pending).toMatchObject({ state: TicketState.TICKET_STATE_PENDING, pendingUntil: until });
      const escalated = await desk.tickets.escalate({ ticketId, context: by(), reason: 'hard', toTier: 0 });
      expect(escalated).toMatchObject({ tier: 2, ownerId: '', queue: 'hardware' });
      expect(await resolve(ticketId)).toMatchObject({ state: TicketState.TICKET_STATE_RESOLVED, solution: 'done' });
      const reopened = await desk.tickets.reopen({ ticketId, context: by(), reason: 'it came back' });
      expect(reopened).toMatchObject({ state: TicketState.TICKET_STATE_OPEN, resolvedTime: undefined });
      await expect(desk.tickets.close({ ticketId, context: by() })).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        message: 'a ticket that is open cannot be closed; resolve it first',
      });
      await resolve(ticketId);
      expect(await desk.tickets.close({ ticketId, context: by() })).toMatchObject({ state: 5 });
      await expect(answer(ticketId, 'One more thing')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    });

    test('the same command id again changes nothing, whatever happened since', async () => {
      const { ticketId } = await desk.take(mail());
      const once = by();
      const first = await answer(ticketId, 'Once.', once);
      expect(await answer(ticketId, 'Once.', once)).toEqual(first);
      const idle = by();
      const assignTo = (ownerId: string, context = by()) => desk.tickets.assign({ ticketId, context, ownerId });
      await assignTo('grace');
      await assignTo('grace', idle);
      await assignTo('ada');
      expect((await assignTo('grace', idle)).ownerId).toBe('ada');
      expect((await desk.sent(ticketId, 2)).length).toBe(2);
    });

    test('the same command sent many times at once is carried out once', async () => {
      const { ticketId } = await desk.take(mail());
      const context = by();
      await Promise.all(Array.from({ length: 20 }, () => answer(ticketId, 'Once.', context)));
      const { entries } = await desk.tickets.getTicket({ id: ticketId });
      expect(entries.filter(({ text }) => text === 'Once.')).toHaveLength(1);
    });

    test('commands at the same time are all carried out, unless they expect a version: then one is', async () => {
      const { ticketId } = await desk.take(mail());
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          desk.tickets.addNote({ ticketId, context: by(), text: `note ${i}`, attachments: [] }),
        ),
      );
      const { entries, version } = await desk.tickets.getTicket({ id: ticketId });
      expect(entries.filter(({ kind }) => kind === 3)).toHaveLength(20);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, (_, i) =>
          desk.tickets.addNote({
            ticketId,
            context: by(agent, undefined, version),
            text: `late ${i}`,
            attachments: [],
          }),
        ),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused).toHaveLength(4);
      for (const { reason } of refused) expect(reason).toMatchObject({ code: status.ABORTED });
      const events = await desk.published(ticketId, 24);
      expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, i) => i + 1));
    });

    test('a ticket goes by its id or its number; an unknown one is NOT_FOUND', async () => {
      const { ticketId, ticketNumber } = await desk.take(mail());
      expect((await desk.tickets.getTicket({ id: ticketNumber })).id).toBe(ticketId);
      expect((await answer(ticketNumber, 'By number.')).id).toBe(ticketId);
      for (const id of ['nothing', '20200101001', '']) {
        await expect(desk.tickets.getTicket({ id })).rejects.toMatchObject({ code: status.NOT_FOUND });
      }
    });

    test('every bad field is named with what is allowed', async () => {
      const context = {
        commandId: '',
        actor: { kind: ActorKind.ACTOR_KIND_UNSPECIFIED, id: '', displayName: '' },
        expectedVersion: -1n,
      };
      const bad = desk.tickets.reply({
        ticketId: '',
        context,
        text: '',
        html: '',
        attachments: [],
        visibility: 9 as never,
      });
      const error = await bad.catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
      const { violations } = error as { violations: { field: string; description: string }[] };
      expect(violations.map(({ field }) => field).sort()).toEqual([
        'context.actor',
        'context.command_id',
        'context.expected_version',
        'text',
        'ticket_id',
        'visibility',
      ]);
      expect(violations.find(({ field }) => field === 'context.command_id')?.description).toBe(
        'must have 1 to 128 characters, has 0',
      );
    });

    test('a ticket with an owner is given to another only when told so', async () => {
      const { ticketId } = await desk.take(mail());
      const assign = (ownerId: string, replaceOwner: boolean, decisionId: string) =>
        desk.tickets.assignTickets({ items: [{ ticketId, ownerId, decisionId, replaceOwner }], actor: agent });
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) => assign(`agent-${i}`, false, `race ${ticketId} ${i}`)),
      );
      const results = outcomes.flatMap(({ results: [result] }) => (result === undefined ? [] : [result]));
      const won = results.filter(({ error }) => error === '');
      expect(won).toHaveLength(1);
      expect(new Set(results.map(({ ownerId }) => ownerId)).size).toBe(1);
      expect((await assign('ada', true, 'replace')).results).toEqual([{ ticketId, ownerId: 'ada', error: '' }]);
      const unknown = await desk.tickets.assignTickets({
        items: [{ ticketId: 'nothing', ownerId: 'ada', decisionId: '', replaceOwner: false }],
        actor: agent,
      });
      expect(unknown.results).toEqual([{ ticketId: 'nothing', ownerId: '', error: 'there is no such ticket' }]);
    });

    test('lists are newest first, filtered, and their pages neither skip nor repeat while tickets come in', async () => {
      const customer = 'lists@example.org';
      const at = (minute: number) => new Date(Date.parse('2026-05-02T08:00:00Z') + minute * 60_000);
      const send = (minute: number) => desk.take(mail({ from: customer, receivedTime: at(minute) }));
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.unshift((await send(i)).ticketId);
      const { customerId } = await desk.tickets.getTicket({ id: ids[0] ?? '' });
      const filter = { ...noFilter, customerId };
      const first = await desk.tickets.listTickets({ ...filter, pageSize: 2, pageToken: '' });
      await send(9);
      const seen: Ticket[] = [...first.tickets];
      for (let token = first.nextPageToken; token !== ''; ) {
        const page = await desk.tickets.listTickets({ ...filter, pageSize: 2, pageToken: token });
        seen.push(...page.tickets);
        token = page.nextPageToken;
      }
      expect(seen.map(({ id }) => id)).toEqual(ids);
      expect(seen.every(({ entries }) => entries.length === 0)).toBe(true);
      await resolve(ids[0] ?? '');
      const resolved = await desk.tickets.listTickets({ ...filter, states: [4], pageSize: 0, pageToken: '' });
      expect(resolved.tickets.map(({ id }) => id)).toEqual(ids.slice(0, 1));
      const bad = desk.tickets.listTickets({ ...noFilter, pageSize: 0, pageToken: 'nonsense' });
      await expect(bad).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'page_token' }] });
    });

    test('a search finds a ticket by number, address and words of any language; all must match', async () => {
      const { ticketId, ticketNumber } = await desk
        .ingestGraded({
          message: mail({ from: 'wang@example.cn', subject: '手机电池发热', text: '充电时 Battery 很烫' }),
          grade: grade({ region: 'cn' }),
        })
        .then(([result]) => result ?? expect.fail('no result'));
      await answer(ticketId, 'Bitte das Netzteil tauschen.');
      const found = async (query: string, filter?: typeof noFilter) =>
        (
          await desk.tickets.searchTickets({
            query,
            filter: filter && { ...filter, pageSize: 0, pageToken: '' },
            pageSize: 0,
            pageToken: '',
          })
        ).tickets.map(({ id }) => id);
      for (const query of [ticketNumber, 'Wang@example.cn', '电池', '充电 battery', 'netzteil 发热']) {
        expect(await found(query), query).toEqual([ticketId]);
      }
      expect(await found('电池 toaster')).toEqual([]);
      expect(await found('电池', { ...noFilter, region: 'eu' })).toEqual([]);
      await expect(found(' ! ')).rejects.toMatchObject({ violations: [{ field: 'query' }] });
    });

    test('a chat line is answered on the line, with a short acknowledgement', async () => {
      const { ticketId } = await desk.take(chatLine('session-life'));
      await answer(ticketId, 'Hello, how can I help?');
      const [acknowledgement, reply] = await desk.sent(ticketId, 2);
      expect(acknowledgement?.text).toMatch(/^We have your message \(\d+\) and will be with you within 5 minutes\.$/);
      expect(reply).toMatchObject({ channel: 'chat', conversationKey: 'chat:session-life' });
    });

    test('a reply that its channel cannot carry is refused when it is written, with the reason', async () => {
      const { ticketId } = await desk.take(chatLine('session-pigeon', { channel: 'pigeon' }));
      await answer(ticketId, 'Nothing is known of the channel yet.');
      const declaration = ChannelDeclaration.fromPartial({
        channel: 'pigeon',
        capabilities: { maxTextLength: 10 },
        time: new Date('2026-05-01T06:00:00Z'),
      });
      await desk.adapters.eventLog.append([encodeEvent(topics.channels, declaration, 'test')]);
      const refusal = await until('the declaration to count', () =>
        answer(ticketId, 'longer than ten').then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(refusal).toMatchObject({
        code: status.FAILED_PRECONDITION,
        message: expect.stringContaining('pigeon carries at most 10 characters, the text has 15'),
      });
      await answer(ticketId, 'short');
    });
  });
}

const noFilter = { states: [], ownerId: '', region: '', channel: '', customerId: '', queue: '', unassigned: false };
