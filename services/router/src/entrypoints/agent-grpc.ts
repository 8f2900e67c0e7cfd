import {
  type AgentApi,
  type Agent as AgentMessage,
  type FieldViolation,
  invalidArgument,
  notFound,
  Presence as ProtoPresence,
  requireRole,
  withStatus,
} from '@tributary/contracts';
import type { Agent, AgentProfile, Presence } from '../domain/agents/agent.ts';
import { agentSchema, toProfile } from '../domain/policy/policy-schema.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { handOutWaiting } from '../usecases/hand-out-waiting.ts';
import { requireLeader } from './callers.ts';
import { createOfferApi } from './offer-grpc.ts';
import type { OfferWatch } from './offer-watch.ts';
import { statusOf } from './status-of.ts';

/** agents.v1: who answers, whether they are there, and what they are offered. */
export function createAgentApi(context: RoutingContext, offerWatch: OfferWatch): AgentApi {
  const { agents, roster, policy, clock } = context;
  const toMessage = (agent: Agent) => toAgentMessage(agent, roster.note(agent).onShift);
  const api: AgentApi = {
    async listAgents({ presence }) {
      const all = await agents.list();
      const wanted = presence === ProtoPresence.PRESENCE_UNSPECIFIED ? undefined : presenceOf(presence, 'presence');
      return { agents: all.filter((agent) => wanted === undefined || agent.presence === wanted).map(toMessage) };
    },
    async getAgent({ id }) {
      return toMessage(found(await agents.get(id), id));
    },
    async setPresence({ id, presence }, options) {
      const wanted = presenceOf(presence, 'presence');
      if (wanted === 'not_answering') throw invalidArgument({ field: 'presence', description: 'is not set by hand' });
      await requireLeader(options?.caller, id, async () => found(await agents.get(id), id).regions);
      found(await agents.setPresence(id, wanted, clock.now()), id);
      // Also when nothing changed: the first call may have been cut off before it handed out.
      if (wanted === 'online') await handOutWaiting(context, [id]);
      return toMessage(found(await agents.get(id), id));
    },
    async putAgent({ agent }, options) {
      // A profile says what somebody may see.
      requireRole(options?.caller, 'manager', 'service');
      const profile = readProfile(
        agent,
        policy.current.regions.map(({ id }) => id),
      );
      await agents.put(profile);
      await handOutWaiting(context, [profile.id]);
      return toMessage(found(await agents.get(profile.id), profile.id));
    },
    ...createOfferApi(context, offerWatch),
  };
  return withStatus(api, statusOf);
}

function found(agent: Agent | undefined, id: string): Agent {
  if (agent === undefined) throw notFound(`there is no agent "${id}"`);
  return agent;
}

const presences = {
  online: ProtoPresence.PRESENCE_ONLINE,
  away: ProtoPresence.PRESENCE_AWAY,
  offline: ProtoPresence.PRESENCE_OFFLINE,
  not_answering: ProtoPresence.PRESENCE_NOT_ANSWERING,
} as const satisfies Record<Presence, ProtoPresence>;

function presenceOf(value: ProtoPresence, field: string): Presence {
  const presence = (Object.keys(presences) as Presence[]).find((name) => presences[name] === value);
  if (presence === undefined)
    throw invalidArgument({ field, description: 'must be ONLINE, AWAY, OFFLINE or NOT_ANSWERING' });
  return presence;
}

/** The profile of a PutAgent, checked like one of the policy file. */
function readProfile(agent: AgentMessage | undefined, regions: readonly string[]): AgentProfile {
  if (agent === undefined) throw invalidArgument({ field: 'agent', description: 'must be present' });
  const parsed = agentSchema.safeParse({
    id: agent.id,
    name: agent.name,
    email: agent.email,
    regions: agent.regions,
    languages: agent.languages,
    skills: agent.skills,
    tier: agent.tier,
    capacity_units: agent.capacityUnits,
    time_zone: agent.timeZone,
    shifts: agent.shifts,
    call_address: agent.callAddress,
  });
  const violations: FieldViolation[] = (parsed.error?.issues ?? []).map((issue) => ({
    field: ['agent', ...issue.path.map(String)].join('.'),
    description: issue.message,
  }));
  agent.regions.forEach((region, index) => {
    if (regions.includes(region)) return;
    violations.push({
      field: `agent.regions.${index}`,
      description: `must be a region of the policy: ${regions.join(', ')}`,
    });
  });
  if (!parsed.success || violations.length > 0) throw invalidArgument(...violations);
  return toProfile(parsed.data);
}

function toAgentMessage(agent: Agent, onShift: boolean): AgentMessage {
  return {
    id: agent.id,
    name: agent.name,
    email: agent.email,
    regions: [...agent.regions],
    languages: [...agent.languages],
    skills: [...agent.skills],
    tier: agent.tier,
    capacityUnits: agent.capacityUnits,
    presence: presences[agent.presence],
    timeZone: agent.timeZone,
    shifts: agent.shifts.map((shift) => ({ ...shift, weekdays: [...shift.weekdays] })),
    loadUnits: agent.loadUnits,
    work: Object.fromEntries(agent.work.map(({ ticketId, units }) => [ticketId, units])),
    lastAssignedTime: agent.lastAssignedAtMs === undefined ? undefined : new Date(agent.lastAssignedAtMs),
    onShift,
    callAddress: agent.callAddress,
  };
}
