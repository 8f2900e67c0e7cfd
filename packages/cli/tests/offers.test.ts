import { DecisionOutcome, DecisionTrigger, type Offer, OfferState, StatusError } from '@tributary/contracts';
import { describe, expect, test } from 'vitest';
import { agent, cli, decision, type Fakes, offer, ticket } from './cli.ts';

const { OFFER_STATE_PENDING: pending, OFFER_STATE_DECLINED: declined, OFFER_STATE_ACCEPTED: accepted } = OfferState;
const other: Offer = { ...offer, id: `c0ffee${'2'.repeat(34)}`, ticketNumber: '20261122002', agentId: 'ben' };
const past: Offer = {
  ...offer,
  id: `dec0de${'3'.repeat(34)}`,
  ticketNumber: '20261122003',
  state: declined,
  reason: 'at lunch',
  endedTime: new Date('2026-11-22T08:59:55Z'),
};

/** A router with these offers that answers as the real one does. */
function router(...offers: readonly Offer[]): Fakes {
  return {
    agents: {
      listOffers: async ({ ticketId, states }) => ({
        offers: offers
          .filter((each) => ticketId === '' || [each.ticketId, each.ticketNumber].includes(ticketId))
          .filter(({ state }) => states.length === 0 || states.includes(state)),
        nextPageToken: '',
      }),
      acceptOffer: async ({ offerId }) => ({ ...find(offers, offerId), state: accepted, endedTime: new Date(0) }),
      declineOffer: async ({ offerId, reason }) => ({ ...find(offers, offerId), state: declined, reason }),
    },
  };
}

function find(offers: readonly Offer[], id: string): Offer {
  const found = offers.find((each) => each.id === id);
  if (found === undefined) throw new StatusError(5, `there is no offer "${id}"`);
  return found;
}

describe('offers', () => {
  test('list prints what was offered to whom and what became of it, and passes the filters on', async () => {
    const { stdout, calls } = await cli(
      ['offers', 'list', '--agent', 'anna', '--state', 'pending', '--state', 'timed-out', '--limit', '7'],
      { agents: { listOffers: async () => ({ offers: [offer, past], nextPageToken: '' }) } },
    );
    expect(calls['listOffers']).toEqual([
      {
        agentId: 'anna',
        ticketId: '',
        states: [pending, OfferState.OFFER_STATE_TIMED_OUT],
        pageSize: 7,
        pageToken: '',
      },
    ]);
    expect(stdout).toMatch(/^c0ffee000000 +20261122001 +anna +phone +urgent hardware fault .* pending, 10 s left$/m);
    expect(stdout).toMatch(/^dec0de333333 .* declined after 5 s: at lunch$/m);
  });

  test.each([
    ['a whole id', other.id],
    ['an unambiguous beginning', 'c0ffee2'],
    ["a ticket's number", '20261122002'],
  ])('accept takes %s', async (_what, name) => {
    const { exitCode, stdout, calls } = await cli(
      ['offers', 'accept', name, '--agent', 'ben', '--json'],
      router({ ...offer, ticketId: 'other' }, { ...other, ticketId: 'ticket-2' }, past),
    );
    expect(calls['acceptOffer']).toEqual([{ offerId: other.id, agentId: 'ben' }]);
    expect({ exitCode, state: JSON.parse(stdout).state }).toEqual({ exitCode: 0, state: 'OFFER_STATE_ACCEPTED' });
  });

  test('decline passes the reason on and prints what became of it', async () => {
    const { stdout, calls } = await cli(
      ['offers', 'decline', 'c0ffee', '--reason', 'in a meeting'],
      router(offer, past),
    );
    expect(calls['declineOffer']).toEqual([{ offerId: offer.id, agentId: '', reason: 'in a meeting' }]);
    expect(stdout).toContain('declined: in a meeting');
  });

  test('the same answer again finds the offer although it is not pending any more', async () => {
    const { exitCode } = await cli(['offers', 'decline', 'dec0'], router(offer, past));
    expect(exitCode).toBe(0);
  });

  test('an ambiguous beginning is refused, and the candidates are named', async () => {
    const { exitCode, stderr, calls } = await cli(['offers', 'accept', 'c0f'], router(offer, other));
    expect(exitCode).toBe(2);
    expect(stderr).toContain("'c0f' is the beginning of several offers:");
    expect(stderr).toContain(`${offer.id}  ticket 20261122001, anna, pending, 10 s left`);
    expect(stderr).toContain(`${other.id}  ticket 20261122002, ben`);
    expect(calls['acceptOffer']).toBeUndefined();
  });

  test('a ticket without a pending offer is refused, and its latest offers are named', async () => {
    const { exitCode, stderr } = await cli(['offers', 'accept', '20261122003'], router(past));
    expect(exitCode).toBe(5);
    expect(stderr).toContain('No offer of ticket 20261122003 is pending.');
    expect(stderr).toContain('anna, declined after 5 s: at lunch');
  });

  test('what is no offer is not found; an answer that comes too late is refused with the reason', async () => {
    const none = await cli(['offers', 'accept', 'beef'], router(offer));
    expect(none.exitCode).toBe(3);
    expect(none.stderr).toContain("There is no offer, and no offer of a ticket, 'beef'.");
    const whole = await cli(['offers', 'accept', 'beef'.repeat(10)], router(offer));
    expect(whole.exitCode).toBe(3);
    const late = await cli(['offers', 'accept', offer.id, '--json'], {
      agents: {
        ...router(offer).agents,
        acceptOffer: async () => {
          throw new StatusError(9, 'the offer was not answered in time');
        },
      },
    });
    expect(late.exitCode).toBe(5);
    expect(JSON.parse(late.stderr).error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'Not possible now: the offer was not answered in time',
    });
  });

  test('watch prints the pending offers and every change, one line each', async () => {
    const watchOffers = async function* () {
      yield offer;
      yield { ...past, id: offer.id };
    };
    const text = await cli(['offers', 'watch', '--agent', 'anna'], { agents: { watchOffers } });
    expect(text.calls['watchOffers']).toEqual([{ agentId: 'anna' }]);
    expect(text.stdout).toContain('20261122001 offered to anna, until ');
    expect(text.stdout).toContain('anna: declined after 5 s: at lunch (phone, urgent hardware fault) c0ffee000000');
    const json = await cli(['offers', 'watch', '--json'], { agents: { watchOffers } });
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).state),
    ).toEqual(['OFFER_STATE_PENDING', 'OFFER_STATE_DECLINED']);
  });
});

test('explain tells the life of each offer: to whom, until when, and how it ended', async () => {
  const { DECISION_OUTCOME_OFFERED, DECISION_OUTCOME_WAITING } = DecisionOutcome;
  const offered = { ...decision, outcome: DECISION_OUTCOME_OFFERED, offerId: past.id, capacityUnits: 100 };
  const ended = {
    ...decision,
    trigger: DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED,
    outcome: DECISION_OUTCOME_WAITING,
    offerId: past.id,
    agentId: '',
  };
  const fakes = {
    ...router(past),
    tickets: { getTicket: async () => ticket },
    routing: { listDecisions: async () => ({ decisions: [offered, ended] }) },
  };
  const { stdout } = await cli(['explain', '20261122001'], fakes);
  expect(stdout).toMatch(
    /Offered to anna until 2026-11-22 .*, reserving 100 units of capacity: declined after 5 s: at lunch\./,
  );
  expect(stdout).toContain('the offer to anna: declined after 5 s: at lunch\n');
  const json = await cli(['explain', '20261122001', '--json'], fakes);
  expect(JSON.parse(json.stdout).offers).toMatchObject([{ id: past.id, reason: 'at lunch' }]);
});

test('an agent who let offers time out is shown as not answering, and can be filtered by it', async () => {
  const { stdout, calls } = await cli(['agents', 'list', '--presence', 'not-answering'], {
    agents: { listAgents: async () => ({ agents: [{ ...agent, presence: 4 }] }) },
  });
  expect(calls['listAgents']).toEqual([{ presence: 4 }]);
  expect(stdout).toMatch(/^anna +Anna Berg +not answering /m);
});
