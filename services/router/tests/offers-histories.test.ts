import { type InboundMessage, Presence, TicketState } from '@tributary/contracts';
import { ManualClock, until } from '@tributary/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AgentDocument } from '../src/adapters/docstore-agent-store.ts';
import type { OfferDocument } from '../src/adapters/docstore-offer-store.ts';
import type { WaitingDocument } from '../src/adapters/docstore-waiting-store.ts';
import type { RouterService } from '../src/service.ts';
import { Fuse } from './fuse.ts';
import { type Harness, smallPolicy, startHarness } from './harness.ts';
import { call, isSettling, leave } from './offers-suite.ts';

const agentIds = ['ann', 'bob', 'cho'] as const;
const presences = [Presence.PRESENCE_ONLINE, Presence.PRESENCE_ONLINE, Presence.PRESENCE_AWAY];
const policy = smallPolicy(
  [{ id: 'ann' }, { id: 'bob', capacity: 110 }, { id: 'cho', capacity: 200, tier: 2 }],
  '{ phone: { timeout: 20s, not_answering_after: 2, ask_again_after: 30s } }',
);
const all = { agentId: '', ticketId: '', states: [], pageSize: 500, pageToken: '' };

/** One thing that happens. `pick` chooses among the calls, offers or tickets there are then; `by` is one of the two routers. */
type Happening =
  | { readonly kind: 'call' | 'call_again' | 'mail' | 'leave' | 'resolve' | 'escalate' | 'take'; readonly pick: number }
  | { readonly kind: 'accept' | 'decline' | 'both' | 'twice'; readonly pick: number; readonly by: 0 | 1 }
  | { readonly kind: 'presence'; readonly agentId: string; readonly presence: Presence; readonly by: 0 | 1 }
  | { readonly kind: 'crash'; readonly by: 0 | 1; readonly calls: number; readonly moment: 'before' | 'after' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'quiet' };

const by = fc.constantFrom<(0 | 1)[]>(0, 1);
const pick = fc.nat({ max: 20 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('call' as const), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('call_again', 'mail', 'leave', 'resolve', 'escalate', 'take' as const),
      pick,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('accept', 'decline', 'both', 'twice' as const), pick, by }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('presence' as const),
      agentId: fc.constantFrom(...agentIds),
      presence: fc.constantFrom(...presences),
      by,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      by,
      calls: fc.integer({ min: 1, max: 25 }),
      moment: fc.constantFrom('before', 'after' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(500, 5000, 21_000, 61_000) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('quiet' as const) }) },
);

test('I5: whatever happens to two routers, customers and agents, no ticket is lost or has two owners, and no room is lost or given twice', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 30 }), async (history) => {
      await using world = await startWorld();
      for (const each of history) {
        await happen(world, each);
        await expectRoom(world);
      }
      await rest(world);
      await until('every ticket in its place', () => expectNothingLost(world), { timeoutMs: 10_000 });
    }),
    // The interleaving of two routers is not the seed's: a smaller history would mostly pass by chance.
    { numRuns: Number(process.env['HISTORIES'] ?? 30), endOnFailure: true },
  );
});

/** Two routers on one log and store, each of which can be killed. */
async function startWorld() {
  const clock = new ManualClock();
  const harness = await startHarness({ clock, policy });
  const start = async (): Promise<Mortal> => {
    const fuse = new Fuse();
    const router = await harness.startRouter({
      docStore: fuse.guardStore(harness.docStore),
      eventLog: fuse.guardLog(harness.eventLog),
      tickets: fuse.guard(harness.tickets.api),
    });
    return { fuse, router };
  };
  const mortals: [Mortal, Mortal] = [await start(), await start()];
  return {
    harness,
    clock,
    mortals,
    calls: [] as InboundMessage[],
    /** Tickets that a person gave to somebody, whatever room they had. */
    taken: new Set<string>(),
    start,
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

interface Mortal {
  readonly fuse: Fuse;
  readonly router: RouterService;
}

type World = Awaited<ReturnType<typeof startWorld>>;

async function happen(world: World, each: Happening): Promise<void> {
  const { harness, clock, calls, mortals } = world;
  const { tickets } = harness;
  const open = [...tickets.tickets.values()].filter(({ state }) => state < TicketState.TICKET_STATE_RESOLVED);
  switch (each.kind) {
    case 'call':
      calls.push(await call(harness, { conversationKey: `call${calls.length}` }));
      return;
    case 'call_again': {
      const before = calls[each.pick % calls.length];
      if (before !== undefined) await call(harness, { conversationKey: before.conversationKey });
      return;
    }
    case 'mail':
      await harness.write();
      return;
    case 'leave': {
      const who = calls[each.pick % calls.length];
      if (who !== undefined) await leave(harness, who);
      return;
    }
    case 'resolve':
    case 'escalate':
    case 'take': {
      const ticket = open[each.pick % open.length];
      if (ticket === undefined) return;
      if (each.kind === 'resolve') tickets.resolve(ticket.id);
      else if (each.kind === 'escalate') {
        if (ticket.tier < 2) tickets.escalate(ticket.id);
      } else {
        world.taken.add(ticket.id);
        tickets.assign(ticket.id, agentIds[each.pick % agentIds.length] ?? 'ann');
      }
      await harness.tellEvents();
      return;
    }
    case 'accept':
    case 'decline':
    case 'both':
    case 'twice': {
      const { router } = mortals[each.by];
      const { router: other } = mortals[(1 - each.by) as 0 | 1];
      const { offers } = await router.agents.listOffers(all).catch(() => ({ offers: [] }));
      // The newest ones mostly, and now and then one that ended long ago.
      const offer = offers[each.pick % Math.min(offers.length, each.pick > 15 ? 20 : 3)];
      if (offer === undefined) return;
      const accept = { offerId: offer.id, agentId: offer.agentId };
      const decline = { ...accept, reason: 'busy' };
      if (each.kind === 'accept') await Promise.allSettled([router.agents.acceptOffer(accept)]);
      else if (each.kind === 'decline') await Promise.allSettled([router.agents.declineOffer(decline)]);
      else if (each.kind === 'twice') {
        await Promise.allSettled([router.agents.acceptOffer(accept), other.agents.acceptOffer(accept)]);
      } else await Promise.allSettled([router.agents.declineOffer(decline), other.agents.acceptOffer(accept)]);
      return;
    }
    case 'presence':
      await mortals[each.by].router.agents
        .setPresence({ id: each.agentId, presence: each.presence })
        .catch(() => undefined);
      return;
    case 'crash':
      if (!mortals[each.by].fuse.blown) mortals[each.by].fuse.arm(each.calls, each.moment);
      return;
    case 'time':
      await clock.advance(each.ms);
      return;
    case 'quiet':
      await quiet(world);
  }
}

/** Replaces killed routers and waits until what was written is read. */
async function quiet(world: World): Promise<void> {
  const { harness, mortals } = world;
  await harness.tellEvents();
  await until('everything to be read', async () => {
    for (const index of [0, 1] as const) {
      const mortal = mortals[index];
      if (!mortal.fuse.blown) continue;
      await mortal.router.stop();
      mortals[index] = await world.start();
    }
    const lags = await Promise.all(
      ['router', 'router-tickets', 'router-signals'].map((group) => harness.eventLog.lag(group)),
    );
    return lags.flat().every(({ lag }) => lag === 0);
  });
}

/** Nobody is killed any more, and whatever a killed one left is found by its clock. */
async function rest(world: World): Promise<void> {
  for (const { fuse } of world.mortals) if (!fuse.blown) fuse.arm(-1, 'before');
  for (let round = 0; round < 8; round++) {
    await quiet(world);
    await world.clock.advance(20_500);
    await until('ended offers to be settled', async () => {
      if (!(await isSettling(world.harness))) return true;
      await world.clock.advance(1000);
      return false;
    });
  }
  await quiet(world);
}

async function read(harness: Harness) {
  const { docStore } = harness;
  const [agents, offers, waiting] = await Promise.all([
    docStore.collection<AgentDocument>('agents'),
    docStore.collection<OfferDocument>('offers'),
    docStore.collection<WaitingDocument>('waiting'),
  ]);
  return { agents: await agents.find({}), offers: await offers.find({}), waiting: await waiting.find({}) };
}

/** At any moment: what routers have claimed fits, and no router gave an owned ticket to somebody else. */
async function expectRoom({ harness, taken }: World): Promise<void> {
  const agents = await (await harness.docStore.collection<AgentDocument>('agents')).find({});
  for (const { _id, capacityUnits, loadUnits, work } of agents) {
    const sum = (held: typeof work) => held.reduce((total, { units }) => total + units, 0);
    expect(loadUnits, `load of ${_id}`).toBe(sum(work));
    expect(sum(work.filter(({ ticketId }) => !taken.has(ticketId))), `claims on ${_id}`).toBeLessThanOrEqual(
      capacityUnits,
    );
  }
  for (const { change, ticketNumber } of harness.tickets.history) {
    if (change?.$case !== 'assigned' || change.value.decisionId === '') continue;
    expect(change.value.previousOwnerId, `owner of ${ticketNumber} before the router gave it away`).toBe('');
  }
}

/** At rest: an open ticket is owned, offered or waiting, just once, and exactly what is owned or offered holds room. */
async function expectNothingLost(world: World): Promise<true> {
  await expectRoom(world);
  const { agents, offers, waiting } = await read(world.harness);
  const pending = offers.filter(({ state }) => state === 'pending');
  const places: Record<string, string[]> = {};
  const wanted: Record<string, string[]> = {};
  for (const { id, ownerId, state, number } of world.harness.tickets.tickets.values()) {
    const own = pending.filter(({ ticketId }) => ticketId === id);
    const isOpen = state < TicketState.TICKET_STATE_RESOLVED;
    const held = agents.filter(({ work }) => work.some(({ ticketId }) => ticketId === id)).map(({ _id }) => _id);
    // Work that was put to wait just as somebody took or resolved it goes when it is handed out: ticketing refuses it then.
    const rows = waiting.filter(({ _id }) => _id === id && isOpen && ownerId === '').map(() => 'waiting');
    places[number] = [...held, ...rows];
    const owner = isOpen && ownerId !== '' ? [ownerId] : [];
    wanted[number] = isOpen ? [...owner, ...own.map(({ agentId }) => agentId)] : own.map(({ agentId }) => agentId);
    if (isOpen && wanted[number].length === 0) wanted[number] = ['waiting'];
  }
  expect(places).toEqual(wanted);
  return true;
}
