import {
  CallOutcome,
  DecisionOutcome,
  DecisionTrigger,
  type InboundMessage,
  MessageKind,
  type Offer,
  OfferState,
  Presence,
  type RoutingDecision,
  SignalKind,
  topics,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { describe, expect, test } from 'vitest';
import type { OfferDocument } from '../src/adapters/docstore-offer-store.ts';
import { type Harness, smallPolicy, startHarness, type TestAgent } from './harness.ts';
import { expectConsistent } from './routing-suite.ts';

const {
  OFFER_STATE_PENDING: pending,
  OFFER_STATE_ACCEPTED: accepted,
  OFFER_STATE_DECLINED: declined,
  OFFER_STATE_TIMED_OUT: timedOut,
  OFFER_STATE_CANCELLED: cancelled,
} = OfferState;
const {
  DECISION_OUTCOME_OFFERED: offered,
  DECISION_OUTCOME_ASSIGNED: assigned,
  DECISION_OUTCOME_WAITING: waiting,
  DECISION_OUTCOME_KEPT_OWNER: keptOwner,
  DECISION_OUTCOME_NOT_NEEDED: notNeeded,
} = DecisionOutcome;
const offerEnded = DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED;

/** What a router promises of offers on any log and store. */
export function describeOffers(
  name: string,
  open: () => Promise<{ readonly eventLog?: EventLog; readonly docStore?: DocStore }>,
): void {
  const start = async (agents: readonly TestAgent[] = [{ id: 'ann' }, { id: 'bob' }], terms = 'timeout: 20s') => {
    const clock = new ManualClock();
    const policy = smallPolicy(agents, `{ phone: { ${terms} } }`);
    return Object.assign(await startHarness({ ...(await open()), policy, clock }), { clock });
  };

  describe(`offers on ${name}`, () => {
    test('a call is offered to one agent, reserves their capacity, and is theirs once they accept', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const message = await call(harness);
      const decision = await harness.decisionOn(message);
      expect(decision).toMatchObject({ outcome: offered, agentId: 'ann', capacityUnits: 100 });
      const [offer] = await offersOf(harness, decision.ticketId, [pending]);
      expect(offer).toMatchObject({
        id: decision.offerId,
        decisionId: decision.id,
        messageId: message.id,
        ticketId: decision.ticketId,
        agentId: 'ann',
        agentName: 'ann',
        channel: 'phone',
        account: 'hotline',
        conversationKey: message.conversationKey,
        capacityUnits: 100,
        madeTime: new Date(harness.clock.now()),
        expiresTime: new Date(harness.clock.now() + 20_000),
        endedTime: undefined,
      });
      expect((await router.agents.getAgent({ id: 'ann' })).work).toEqual({ [decision.ticketId]: 100 });
      expect(harness.tickets.ticket(decision.ticketId).ownerId).toBe('');

      const ended = await router.agents.acceptOffer({ offerId: decision.offerId, agentId: 'ann' });
      expect(ended.state).toBe(accepted);
      expect(harness.tickets.ticket(decision.ticketId).ownerId).toBe('ann');
      await offersOf(harness, decision.ticketId, [pending, accepted]);
      const { decisions } = await router.routing.listDecisions({ ticketId: decision.ticketId });
      expect(decisions.map(({ trigger, outcome, agentId, offerId }) => [trigger, outcome, agentId, offerId])).toEqual([
        [DecisionTrigger.DECISION_TRIGGER_MESSAGE, offered, 'ann', offer?.id],
        [offerEnded, assigned, 'ann', offer?.id],
      ]);
      await expectConsistent(harness, router);
      expect((await router.agents.getAgent({ id: 'ann' })).loadUnits).toBe(100);
    });

    test('channels that the policy does not offer are assigned at once', async () => {
      await using harness = await start();
      await harness.startRouter();
      const decision = await harness.decisionOn(await harness.write({ channel: 'chat' }));
      expect(decision.outcome).toBe(assigned);
      expect(harness.offers).toEqual([]);
    });

    test('whoever declines gets no second offer of the call; the next candidate does, and the trace says why', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const first = await harness.decisionOn(await call(harness));
      const answer = await router.agents.declineOffer({ offerId: first.offerId, agentId: 'ann', reason: 'at lunch' });
      expect(answer).toMatchObject({ state: declined, reason: 'at lunch' });
      const second = await nextDecision(harness, first);
      expect(second).toMatchObject({ trigger: offerEnded, outcome: offered, agentId: 'bob' });
      expect(second.candidates).toContainEqual(
        expect.objectContaining({ agentId: 'ann', qualified: false, reason: 'declined this contact: at lunch' }),
      );
      await offersOf(harness, first.ticketId, [pending, declined, pending]);
      expect((await router.agents.getAgent({ id: 'ann' })).loadUnits).toBe(0);
      expect((await router.agents.getAgent({ id: 'ann' })).presence).toBe(Presence.PRESENCE_ONLINE);
      await router.agents.acceptOffer({ offerId: second.offerId, agentId: '' });
      await expectConsistent(harness, router);
    });

    test('an offer that nobody answers times out: the next is asked, and the agent gets no new work until they are back', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const first = await harness.decisionOn(await call(harness, { text: 'it is broken' }));
      expect(first.agentId).toBe('ann');
      await harness.clock.advance(19_000);
      expect((await router.agents.listOffers(all)).offers.map(({ state }) => state)).toEqual([pending]);
      await harness.clock.advance(1000);
      const second = await nextDecision(harness, first);
      expect(second).toMatchObject({ trigger: offerEnded, outcome: offered, agentId: 'bob' });
      await offersOf(harness, first.ticketId, [pending, timedOut, pending]);
      expect((await router.agents.getAgent({ id: 'ann' })).presence).toBe(Presence.PRESENCE_NOT_ANSWERING);
      const mail = await harness.decisionOn(await harness.write({ text: 'broken as well' }));
      expect(mail).toMatchObject({
        outcome: waiting,
        candidates: expect.arrayContaining([expect.objectContaining({ agentId: 'ann', reason: 'is not answering' })]),
      });
      await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE });
      expect(harness.tickets.ticket(mail.ticketId).ownerId).toBe('ann');
      await expectConsistent(harness, router, { [first.ticketId]: 'bob' });
    });

    test('by policy only so many offers missed in a row take an agent off, and an answer begins the count anew', async () => {
      await using harness = await start([{ id: 'ann' }], 'timeout: 20s, not_answering_after: 2, ask_again_after: 1s');
      const router = await harness.startRouter();
      const presence = async () => (await router.agents.getAgent({ id: 'ann' })).presence;
      let last = await harness.decisionOn(await call(harness));
      const passes = async () => {
        const end = await until('the decision after the offer', () =>
          harness.decisions.find(({ trigger, offerId }) => trigger === offerEnded && offerId === last.offerId),
        );
        expect(end.outcome).toBe(waiting);
        await settled(harness);
        return end;
      };
      const miss = async () => {
        await harness.clock.advance(20_000);
        return passes();
      };
      const askAgain = async (before: RoutingDecision) => {
        await harness.clock.advance(60_000 - (harness.clock.now() % 60_000));
        // Its step expires in the same moment, which may be decided first.
        last = await until('another offer', () => {
          const after = harness.decisions.slice(harness.decisions.findIndex(({ id }) => id === before.id) + 1);
          return after.find(({ outcome }) => outcome === offered);
        });
      };
      await askAgain(await miss());
      expect(await presence()).toBe(Presence.PRESENCE_ONLINE);
      await router.agents.declineOffer({ offerId: last.offerId, agentId: '', reason: '' });
      await askAgain(await passes());
      await askAgain(await miss());
      expect(await presence()).toBe(Presence.PRESENCE_ONLINE);
      await miss();
      expect(await presence()).toBe(Presence.PRESENCE_NOT_ANSWERING);
    });

    test('when all have passed it waits by its score, and they are asked again once they come on line or get room', async () => {
      await using harness = await start([{ id: 'ann', capacity: 110 }], 'timeout: 20s, ask_again_after: never');
      const router = await harness.startRouter();
      const mail = await harness.decisionOn(await harness.write());
      const first = await harness.decisionOn(await call(harness));
      const decline = ({ offerId }: RoutingDecision) =>
        router.agents.declineOffer({ offerId, agentId: '', reason: '' });
      await decline(first);
      const second = await nextDecision(harness, first);
      expect(second).toMatchObject({ trigger: offerEnded, outcome: waiting, offerId: first.offerId });
      expect((await router.routing.listWaiting({ pageSize: 0, pageToken: '' })).tickets).toHaveLength(1);
      await harness.clock.advance(50_000);
      expect((await router.agents.listOffers(all)).offers).toHaveLength(1);

      harness.tickets.resolve(mail.ticketId);
      await harness.tellEvents();
      const third = await nextDecision(harness, second);
      expect(third).toMatchObject({ outcome: offered, agentId: 'ann' });
      await harness.clock.advance(1000);
      await decline(third);
      const fourth = await nextDecision(harness, third);
      expect(fourth.outcome).toBe(waiting);
      await harness.clock.advance(1000);
      await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_AWAY });
      await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE });
      const fifth = await nextDecision(harness, fourth);
      expect(fifth.outcome).toBe(offered);
      await router.agents.acceptOffer({ offerId: fifth.offerId, agentId: 'ann' });
      await expectConsistent(harness, router);
    });

    test('G3, G5: the owner of the running problem is asked first, then the named adviser', async () => {
      const policy = smallPolicy([{ id: 'ann' }, { id: 'bob' }, { id: 'cho' }], '{ phone: { timeout: 20s } }');
      const customers = 'customers: [{ adviser: cho, addresses: [vip@example.com] }]';
      await using harness = await startHarness({ ...(await open()), policy: `${policy}\n${customers}\n` });
      const router = await harness.startRouter();
      const sender = { kind: 'phone', address: 'vip@example.com', displayName: '', verification: 2 } as const;
      await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_AWAY });
      await router.agents.setPresence({ id: 'cho', presence: Presence.PRESENCE_AWAY });
      const running = await harness.decisionOn(await harness.write({ sender }));
      expect(running.agentId).toBe('bob');
      const ann = await router.agents.getAgent({ id: 'bob' });
      await router.agents.putAgent({ agent: { ...ann, capacityUnits: 200 } });
      for (const id of ['ann', 'cho']) await router.agents.setPresence({ id, presence: Presence.PRESENCE_ONLINE });
      const first = await harness.decisionOn(await call(harness, { sender }));
      expect(first).toMatchObject({ outcome: offered, agentId: 'bob' });
      await router.agents.declineOffer({ offerId: first.offerId, agentId: 'bob', reason: '' });
      expect(await nextDecision(harness, first)).toMatchObject({ outcome: offered, agentId: 'cho' });
    });

    test('only agents who can be rung are offered what rings, where the policy says so', async () => {
      await using harness = await start(
        [{ id: 'ann' }, { id: 'bob', callAddress: 'tel:+4930123456' }],
        'timeout: 20s, needs_call_address: true',
      );
      await harness.startRouter();
      const decision = await harness.decisionOn(await call(harness));
      expect(decision).toMatchObject({ outcome: offered, agentId: 'bob' });
      expect(decision.candidates.find(({ agentId }) => agentId === 'ann')?.reason).toBe('has no call address');
      const [offer] = await offersOf(harness, decision.ticketId, [pending]);
      expect(offer?.agentCallAddress).toBe('tel:+4930123456');
    });

    test('when the customer hangs up the offer is withdrawn and the ticket is assigned, for a call back', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const message = await call(harness);
      const first = await harness.decisionOn(message);
      await leave(harness, message);
      const second = await nextDecision(harness, first);
      expect(second).toMatchObject({ trigger: offerEnded, outcome: assigned, offerId: first.offerId });
      const ended = await offersOf(harness, first.ticketId, [pending, cancelled]);
      expect(ended.at(-1)).toMatchObject({ reason: 'the customer left' });
      await expect(router.agents.acceptOffer({ offerId: first.offerId, agentId: '' })).rejects.toMatchObject({
        code: 9,
      });
      expect(harness.tickets.ticket(first.ticketId).ownerId).not.toBe('');
      await expectConsistent(harness, router);
    });

    test.each([
      CallOutcome.CALL_OUTCOME_ABANDONED,
      CallOutcome.CALL_OUTCOME_VOICEMAIL,
      CallOutcome.CALL_OUTCOME_CALLBACK_REQUESTED,
      CallOutcome.CALL_OUTCOME_FAILED,
    ])(
      'a call that ended with outcome %i is offered to nobody any more, and its ticket is assigned',
      async (outcome) => {
        await using harness = await start();
        const router = await harness.startRouter();
        const message = await call(harness);
        const first = await harness.decisionOn(message);
        await harness.clock.advance(1000);
        await call(harness, { conversationKey: message.conversationKey, call: aCall(outcome) });
        await offersOf(harness, first.ticketId, [pending, cancelled]);
        await until('an owner', () => harness.tickets.ticket(first.ticketId).ownerId !== '');
        await expectConsistent(harness, router);
        const alone = await harness.decisionOn(await call(harness, { call: aCall(outcome) }));
        expect(alone.outcome).toBe(assigned);
      },
    );

    test('by policy the ticket of a customer who left stays in its queue', async () => {
      await using harness = await start(undefined, 'timeout: 20s, when_customer_leaves: leave');
      const router = await harness.startRouter();
      const message = await call(harness);
      const first = await harness.decisionOn(message);
      await leave(harness, message);
      expect(await nextDecision(harness, first)).toMatchObject({ trigger: offerEnded, outcome: notNeeded });
      const abandoned = await harness.decisionOn(
        await call(harness, { call: aCall(CallOutcome.CALL_OUTCOME_ABANDONED) }),
      );
      expect(abandoned.outcome).toBe(notNeeded);
      const voicemail = await harness.decisionOn(
        await call(harness, {
          kind: MessageKind.MESSAGE_KIND_VOICEMAIL,
          call: aCall(CallOutcome.CALL_OUTCOME_VOICEMAIL),
        }),
      );
      expect(voicemail.outcome).toBe(assigned);
      await expectConsistent(harness, router);
    });

    test('a customer who leaves while their call waits is waiting for a call back then', async () => {
      await using harness = await start([{ id: 'ann' }], 'timeout: 20s, needs_call_address: true');
      const router = await harness.startRouter();
      const message = await call(harness);
      const first = await harness.decisionOn(message);
      expect(first.outcome).toBe(waiting);
      await leave(harness, message);
      expect(await nextDecision(harness, first)).toMatchObject({ outcome: assigned, agentId: 'ann' });
      await expectConsistent(harness, router);
    });

    test('a customer who left before the call was routed is offered to nobody', async () => {
      await using harness = await start();
      await leave(harness, { channel: 'phone', conversationKey: 'gone' });
      const router = await harness.startRouter();
      await until('the signal to be heard', async () =>
        (await harness.eventLog.lag('router-signals')).every(({ lag }) => lag === 0),
      );
      const decision = await harness.decisionOn(await call(harness, { conversationKey: 'gone' }));
      expect(decision.outcome).toBe(assigned);
      expect(harness.offers).toEqual([]);
      await expectConsistent(harness, router);
    });

    test('an offer is withdrawn when somebody takes the ticket, or it is resolved, or escalated', async () => {
      await using harness = await start([{ id: 'ann' }, { id: 'bob', tier: 2 }]);
      const router = await harness.startRouter();
      const offer = async () => {
        const decision = await harness.decisionOn(await call(harness));
        expect(decision).toMatchObject({ outcome: offered, agentId: 'ann' });
        return decision;
      };
      const taken = await offer();
      harness.tickets.assign(taken.ticketId, 'bob');
      await harness.tellEvents();
      expect(await nextDecision(harness, taken)).toMatchObject({
        trigger: offerEnded,
        outcome: keptOwner,
        agentId: 'bob',
      });
      expect((await offersOf(harness, taken.ticketId, [pending, cancelled])).at(-1)?.reason).toBe(
        'bob took the ticket',
      );
      harness.tickets.resolve(taken.ticketId);

      const resolved = await offer();
      harness.tickets.resolve(resolved.ticketId);
      await harness.tellEvents();
      expect(await nextDecision(harness, resolved)).toMatchObject({ trigger: offerEnded, outcome: notNeeded });
      await offersOf(harness, resolved.ticketId, [pending, cancelled]);

      const escalated = await offer();
      harness.tickets.escalate(escalated.ticketId);
      await harness.tellEvents();
      expect(await nextDecision(harness, escalated)).toMatchObject({
        trigger: DecisionTrigger.DECISION_TRIGGER_TICKET_CHANGED,
        outcome: offered,
        agentId: 'bob',
      });
      await offersOf(harness, escalated.ticketId, [pending, cancelled, pending]);
      expect((await router.agents.getAgent({ id: 'ann' })).loadUnits).toBe(0);
    });

    test('a person may give the ticket to the very agent it is offered to, who then holds its units', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const { ticketId, agentId } = await harness.decisionOn(await call(harness));
      harness.tickets.assign(ticketId, agentId);
      await harness.tellEvents();
      await offersOf(harness, ticketId, [pending, cancelled]);
      await settled(harness);
      await expectConsistent(harness, router);
      expect((await router.agents.getAgent({ id: agentId })).loadUnits).toBe(100);
    });

    test('a late answer, a second one and one by somebody else are refused; the same one again is not', async () => {
      await using harness = await start([{ id: 'ann', capacity: 200 }]);
      const router = await harness.startRouter();
      const { offerId } = await harness.decisionOn(await call(harness));
      const notFound = { code: 5 };
      await expect(router.agents.acceptOffer({ offerId: 'none', agentId: '' })).rejects.toMatchObject(notFound);
      await expect(router.agents.declineOffer({ offerId: 'none', agentId: 'ann', reason: '' })).rejects.toMatchObject(
        notFound,
      );
      const byAnother = router.agents.acceptOffer({ offerId, agentId: 'bob' });
      await expect(byAnother).rejects.toMatchObject({ code: 3, violations: [{ field: 'agent_id' }] });
      const first = await router.agents.acceptOffer({ offerId, agentId: 'ann' });
      expect(await router.agents.acceptOffer({ offerId, agentId: 'ann' })).toEqual(first);
      await expect(router.agents.declineOffer({ offerId, agentId: '', reason: '' })).rejects.toMatchObject({ code: 9 });

      const late = await harness.decisionOn(await call(harness));
      await harness.clock.advance(20_000);
      await expect(router.agents.acceptOffer({ offerId: late.offerId, agentId: 'ann' })).rejects.toMatchObject({
        code: 9,
        message: expect.stringContaining('was not answered in time'),
      });
      expect(harness.tickets.ticket(late.ticketId).ownerId).toBe('');
    });

    test('an accepted offer is cancelled, and says so, when ticketing gives the ticket to somebody else', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const { offerId, ticketId } = await harness.decisionOn(await call(harness));
      harness.tickets.assign(ticketId, 'bob');
      const error = await router.agents.acceptOffer({ offerId, agentId: 'ann' }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 9, message: expect.stringContaining('bob owns it') });
      await offersOf(harness, ticketId, [pending, cancelled]);
      await expectConsistent(harness, router);
    });

    test('an answer that was stored is carried out without the agent when ticketing was down', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const { offerId, ticketId } = await harness.decisionOn(await call(harness));
      harness.tickets.before = (name) => {
        if (name === 'assignTickets') throw new Error('ticketing is down');
      };
      await expect(router.agents.acceptOffer({ offerId, agentId: 'ann' })).rejects.toThrow();
      await harness.clock.advance(25_000);
      expect((await router.agents.listOffers(all)).offers.map(({ state }) => state)).toEqual([pending]);
      harness.tickets.before = () => undefined;
      await until('ann to own it', async () => {
        await harness.clock.advance(1000);
        return harness.tickets.ticket(ticketId).ownerId === 'ann';
      });
      await offersOf(harness, ticketId, [pending, accepted]);
      await expectConsistent(harness, router);
    });

    test('further messages of a ticket that is being offered do not offer it again', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const message = await call(harness);
      const first = await harness.decisionOn(message);
      const second = await harness.decisionOn(await call(harness, { conversationKey: message.conversationKey }));
      expect(second).toMatchObject({ outcome: offered, agentId: 'ann', offerId: first.offerId });
      await router.agents.declineOffer({ offerId: first.offerId, agentId: '', reason: '' });
      const next = await nextDecision(harness, second);
      await router.agents.acceptOffer({ offerId: next.offerId, agentId: '' });
      await harness.append(topics.inbound, message);
      await until('it to be told again', () => harness.decisions.filter(({ id }) => id === first.id).length === 2);
      expect((await router.agents.listOffers(all)).offers).toHaveLength(2);
      await expectConsistent(harness, router);
    });

    test('a watcher gets the pending offers first, then every change, until they go', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const first = await harness.decisionOn(await call(harness));
      const stop = new AbortController();
      const seen: Offer[] = [];
      const watching = (async () => {
        const offers = router.agents.watchOffers({ agentId: 'ann' }, { signal: stop.signal });
        for await (const offer of offers) seen.push(offer);
      })();
      await until('the pending one', () => seen.length === 1);
      await router.agents.declineOffer({ offerId: first.offerId, agentId: 'ann', reason: 'no' });
      await until('its end', () => seen.length === 2);
      const next = await nextDecision(harness, first);
      expect(next.agentId).toBe('bob');
      await harness.decisionOn(await call(harness));
      await until('the new one', () => seen.length === 3);
      expect(seen.map(({ agentId, state }) => [agentId, state])).toEqual([
        ['ann', pending],
        ['ann', declined],
        ['ann', pending],
      ]);
      stop.abort();
      await watching;
    });

    test('offers are listed newest first, page by page, by agent, ticket and state', async () => {
      await using harness = await start([{ id: 'ann', capacity: 300 }]);
      const router = await harness.startRouter();
      const decisions: RoutingDecision[] = [];
      for (let count = 0; count < 3; count++) {
        decisions.push(await harness.decisionOn(await call(harness)));
        await harness.clock.advance(1000);
      }
      const ids = decisions.map(({ offerId }) => offerId);
      const [first, second, third] = decisions;
      const page = await router.agents.listOffers({ ...all, pageSize: 2 });
      expect(page.offers.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
      const rest = await router.agents.listOffers({ ...all, pageSize: 2, pageToken: page.nextPageToken });
      expect(rest).toMatchObject({ offers: [{ id: ids[0] }], nextPageToken: '' });
      await router.agents.acceptOffer({ offerId: ids[1] ?? '', agentId: '' });
      const listed = async (filter: Partial<typeof all>) =>
        (await router.agents.listOffers({ ...all, ...filter })).offers.map(({ id }) => id);
      expect(await listed({ states: [accepted] })).toEqual([ids[1]]);
      expect(await listed({ states: [pending] })).toEqual([ids[2], ids[0]]);
      expect(await listed({ ticketId: first?.ticketId ?? '' })).toEqual([ids[0]]);
      expect(await listed({ ticketId: third?.ticketNumber ?? '' })).toEqual([ids[2]]);
      expect(await listed({ agentId: 'bob' })).toEqual([]);
      expect(second).toBeDefined();
      for (const wrong of [{ pageSize: 501 }, { pageToken: 'x' }, { states: [99 as OfferState] }]) {
        await expect(router.agents.listOffers({ ...all, ...wrong })).rejects.toMatchObject({ code: 3 });
      }
    });
  });
}

const all = { agentId: '', ticketId: '', states: [] as OfferState[], pageSize: 0, pageToken: '' };

function aCall(outcome: CallOutcome) {
  return { outcome, talkSeconds: 0n, waitSeconds: 0n, menuChoice: '', outbound: false };
}

/** A customer calls the hotline; without more, they are waiting to be answered. */
export function call(harness: Harness, fields: Partial<InboundMessage> = {}): Promise<InboundMessage> {
  return harness.write({
    channel: 'phone',
    account: 'hotline',
    kind: MessageKind.MESSAGE_KIND_CALL,
    call: aCall(CallOutcome.CALL_OUTCOME_UNSPECIFIED),
    receivedTime: new Date(harness.clock.now()),
    ...fields,
  });
}

/** The customer hangs up. */
export async function leave(
  harness: Harness,
  { channel, conversationKey }: Pick<InboundMessage, 'channel' | 'conversationKey'>,
): Promise<void> {
  await harness.append(topics.signals, {
    conversationKey,
    channel,
    ticketId: '',
    kind: SignalKind.SIGNAL_KIND_CUSTOMER_LEFT,
    fromAgent: false,
    authorName: '',
    time: new Date(harness.clock.now() + 1),
  });
}

/** Whether something is still to follow from an offer that ended, or from an agent's yes. */
export async function isSettling({ docStore }: Harness): Promise<boolean> {
  const offers = await docStore.collection<OfferDocument>('offers');
  return (await offers.findOne({ state: { $ne: 'pending' }, dueAtMs: { $exists: true } })) !== undefined;
}

/** Resolves once nothing is left to follow from offers that ended. */
export function settled(harness: Harness): Promise<unknown> {
  return until('ended offers to be settled', async () => !(await isSettling(harness)));
}

/** The records of a ticket's offers once these states have been told, in this order, without repeats. */
async function offersOf(harness: Harness, ticketId: string, states: readonly OfferState[]): Promise<Offer[]> {
  return until(`offers in the states ${states}`, () => {
    const told = harness.offers.filter((offer) => offer.ticketId === ticketId);
    const once = told.filter(({ id, state }, at) => told.findIndex((o) => o.id === id && o.state === state) === at);
    return JSON.stringify(once.map(({ state }) => state)) === JSON.stringify(states) && once;
  });
}

/** The decision on the same ticket that was told after this one. */
function nextDecision(harness: Harness, { id, ticketId }: RoutingDecision): Promise<RoutingDecision> {
  return until(`the decision after ${id}`, () => {
    const told = harness.decisions.filter((each) => each.ticketId === ticketId);
    return told.slice(told.findIndex((each) => each.id === id) + 1).find((each) => each.id !== id);
  });
}
