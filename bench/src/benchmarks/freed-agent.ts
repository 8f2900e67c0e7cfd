import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, decodeEvent, Presence, topics } from '@tributary/contracts';
import type { NewRecord } from '@tributary/eventlog';
import { readRouterConfig } from '@tributary/router';
import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import { appendMessages, startPipeline } from '../pipeline.ts';
import { median } from '../rounds.ts';
import { sampleMessages } from '../sample-messages.ts';
import { watchLog } from '../watched-adapters.ts';
import { release } from './owner-latency.ts';

const agents = 1000;
const few = 1000;
const many = 10_000;
/** Agents freed in a round. */
const samples = 40;

/** All agents are busy, much work waits, and one agent is freed: how long until they have their next ticket. */
export const freedAgent: Benchmark = {
  name: 'freed',
  async run(context) {
    await using busy = await startBusy(few);
    context.report(`${few} waiting, ${agents} agents`);
    await using busier = await startBusy(many);
    context.report(`${many} waiting, ${agents} agents`);
    const rounds: { readonly fewMs: number; readonly manyMs: number }[] = [];
    for (let round = 1; round <= context.rounds; round++) {
      const fewMs = await busy.freeMs();
      const manyMs = await busier.freeMs();
      rounds.push({ fewMs, manyMs });
      context.report(`round ${round}: ${fewMs.toFixed(1)} ms and ${manyMs.toFixed(1)} ms`);
    }
    const growth = median(rounds.map(({ fewMs, manyMs }) => manyMs / fewMs));
    return [
      {
        what: `ticket resolved → its agent owns the next, ${many} waiting, ${agents} agents, embedded; ratio: to ${few} waiting`,
        figure: `${median(rounds.map(({ manyMs }) => manyMs)).toFixed(1)} / ${median(rounds.map(({ fewMs }) => fewMs)).toFixed(1)} ms`,
        ratio: growth,
        target: '≤ 2',
        met: growth <= 2,
      },
    ];
  },
};

/** Every agent with room for one ticket and holding it, and `waiting` more tickets in the list. */
async function startBusy(waiting: number) {
  const adapters = await openEmbedded();
  const owned: string[] = [];
  let assigned = (_ticketId: string) => {};
  const eventLog = watchLog(adapters.eventLog, (records) => {
    for (const ticketId of records.flatMap(assignedTicket)) {
      owned.push(ticketId);
      assigned(ticketId);
    }
  });
  const policyFile = join(adapters.folder, 'policy.yaml');
  const policy = await readFile(readRouterConfig({}).policyFile, 'utf8');
  // Steps that expire would be what is measured.
  const oneStep =
    'steps:\n  - id: anyone\n    skills: none\n    expires_after: { urgent: never, important: never, normal: never }\n';
  await writeFile(policyFile, policy.replace(/^steps:\n(?:[ -].*\n)+/m, oneStep));
  const pipeline = await startPipeline({ ...adapters, eventLog }, { policyFile });
  const { router, ticketing } = pipeline;
  const { agents: known } = await router.agents.listAgents({ presence: 0 });
  for (const { id } of known) await router.agents.setPresence({ id, presence: Presence.PRESENCE_OFFLINE });
  // Before there are agents: every decision on new work names all of them.
  const finished = pipeline.finished(waiting + agents);
  await appendMessages(eventLog, sampleMessages(waiting + agents));
  await finished;
  for (let number = 0; number < agents - known.length; number++) await putBusy(`busy-${number}`);
  for (const { id } of known) await putBusy(id);

  async function putBusy(id: string): Promise<void> {
    const { regions = [], languages = [] } = known[0] ?? {};
    const agent = Agent.fromPartial({ id, name: id, regions, languages, tier: 1, capacityUnits: 10, timeZone: 'UTC' });
    await router.agents.putAgent({ agent });
    await router.agents.setPresence({ id, presence: Presence.PRESENCE_ONLINE });
  }

  return {
    /** Median of `samples` agents, freed one after the other. */
    async freeMs(): Promise<number> {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const ticketId = owned.shift();
        if (ticketId === undefined) throw new Error('nobody owns anything');
        const next = new Promise<string>((resolve) => {
          assigned = resolve;
        });
        const startMs = performance.now();
        await release(ticketing.tickets, ticketId);
        await next;
        times.push(performance.now() - startMs);
      }
      return median(times);
    },
    async [Symbol.asyncDispose]() {
      await pipeline[Symbol.asyncDispose]();
      await adapters[Symbol.asyncDispose]();
    },
  };
}

function assignedTicket(record: NewRecord): string[] {
  if (record.topic !== topics.ticketEvents.name) return [];
  const { ticketId, change } = decodeEvent(topics.ticketEvents, record);
  return change?.$case === 'assigned' ? [ticketId] : [];
}
