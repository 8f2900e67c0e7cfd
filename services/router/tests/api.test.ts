import { Agent, Presence, StatusError } from '@tributary/contracts';
import { UnavailableError } from '@tributary/docstore';
import { failingStore } from '@tributary/testing';
import { expect, test } from 'vitest';
import { startHarness } from './harness.ts';

test('a bad field is refused by its name, all at once', async () => {
  await using harness = await startHarness();
  const router = await harness.startRouter();
  const agent = Agent.fromPartial({
    id: 'No Spaces',
    name: 'x',
    regions: ['moon'],
    languages: ['english'],
    tier: 4,
    capacityUnits: -1,
    timeZone: 'Mars/Olympus',
    skills: [{ skill: 'hardware', proficiency: 6 }],
    shifts: [{ weekdays: [8], start: '9:00', end: '17:00' }],
    callAddress: 'tel:030 123456',
  });
  const error = await router.agents.putAgent({ agent }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StatusError);
  expect((error as StatusError).violations.map(({ field }) => field).sort()).toEqual([
    'agent.call_address',
    'agent.capacity_units',
    'agent.id',
    'agent.languages.0',
    'agent.regions.0',
    'agent.shifts.0.start',
    'agent.shifts.0.weekdays.0',
    'agent.skills.0.proficiency',
    'agent.tier',
    'agent.time_zone',
  ]);
});

test('what is not there is NOT_FOUND, what cannot be is INVALID_ARGUMENT', async () => {
  await using harness = await startHarness();
  const { agents, routing } = await harness.startRouter();
  const online = Presence.PRESENCE_ONLINE;
  await expect(agents.getAgent({ id: 'nobody' })).rejects.toMatchObject({ code: 5 });
  await expect(agents.setPresence({ id: 'nobody', presence: online })).rejects.toMatchObject({ code: 5 });
  await expect(agents.setPresence({ id: 'ann', presence: 0 })).rejects.toMatchObject({ code: 3 });
  const notAnswering = Presence.PRESENCE_NOT_ANSWERING;
  await expect(agents.setPresence({ id: 'ann', presence: notAnswering })).rejects.toMatchObject({ code: 3 });
  await expect(agents.putAgent({ agent: undefined })).rejects.toMatchObject({ code: 3 });
  await expect(routing.listDecisions({ ticketId: 'nothing' })).rejects.toMatchObject({ code: 5 });
  await expect(routing.listDecisions({ ticketId: '' })).rejects.toMatchObject({ code: 3 });
  await expect(routing.listWaiting({ pageSize: 501, pageToken: '' })).rejects.toMatchObject({ code: 3 });
  await expect(routing.listWaiting({ pageSize: 1, pageToken: 'x' })).rejects.toMatchObject({ code: 3 });
});

test('while the store is away a call is UNAVAILABLE, and the same call succeeds afterwards', async () => {
  await using harness = await startHarness();
  let isAway = false;
  const docStore = failingStore(harness.docStore, () => (isAway ? new UnavailableError('no route to it') : undefined));
  const { agents, routing } = await harness.startRouter({ docStore });
  const calls = [
    () => agents.listAgents({ presence: 0 }),
    () => agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE }),
    () => routing.listWaiting({ pageSize: 1, pageToken: '' }),
  ];
  for (const call of calls) {
    isAway = true;
    const failure = await call().catch((error: unknown) => error);
    isAway = false;
    expect(failure).toMatchObject({ code: 14, message: "the router's store does not answer; try again later" });
    await call();
  }
});

test('a put agent is listed as they were put', async () => {
  await using harness = await startHarness();
  const { agents } = await harness.startRouter();
  const agent = Agent.fromPartial({
    id: 'zoe',
    name: 'Zoe',
    email: 'zoe@example.com',
    regions: ['americas', 'emea'],
    languages: ['en', 'de'],
    skills: [{ skill: 'hardware', proficiency: 5 }],
    tier: 2,
    capacityUnits: 100,
    timeZone: 'America/New_York',
    shifts: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '00:00' }],
    presence: Presence.PRESENCE_OFFLINE,
    onShift: true,
    callAddress: 'sip:zoe@pbx.example.com',
  });
  expect(await agents.putAgent({ agent })).toEqual(agent);
  expect(await agents.getAgent({ id: 'zoe' })).toEqual(agent);
  const offline = await agents.listAgents({ presence: Presence.PRESENCE_OFFLINE });
  expect(offline.agents).toEqual([agent]);
});
