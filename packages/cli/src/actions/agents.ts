import { Agent, presenceFromJSON } from '@tributary/contracts';
import { type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { printJson } from '../text/json.ts';
import { facts, table } from '../text/table.ts';
import { dateTime } from '../text/time.ts';
import { presenceWord, skillWords } from '../text/words.ts';

type PresenceName = 'online' | 'away' | 'offline' | 'not-answering';

const presenceOf = (name: PresenceName) => presenceFromJSON(`PRESENCE_${name.toUpperCase().replace('-', '_')}`);

/** Prints the agents, all or those with one presence. */
export async function listAgents(
  context: CliContext,
  options: GlobalOptions & { readonly presence?: PresenceName },
): Promise<void> {
  const api = await context.connections.agents();
  const presence = options.presence === undefined ? 0 : presenceOf(options.presence);
  const { agents } = await api.listAgents({ presence }, callOptions(context, options));
  printAgents(context, options, agents);
}

/** Prints one agent with everything known. */
export async function showAgent(context: CliContext, id: string, options: GlobalOptions): Promise<void> {
  const api = await context.connections.agents();
  const agent = await api.getAgent({ id }, callOptions(context, options));
  if (options.json) return printJson(context, Agent.toJSON(agent));
  const work = Object.entries(agent.work).map(([ticket, units]) => `${ticket} (${units})`);
  const shifts = agent.shifts.map(({ weekdays, start, end }) => `${weekdays.map(weekday).join(' ')} ${start}–${end}`);
  context.stdout.write(
    facts([
      ['agent', agent.id],
      ['name', agent.name],
      ['email', agent.email],
      ['presence', presenceWord(agent)],
      ['on shift', agent.onShift ? 'yes' : 'no'],
      ['shifts', shifts.join('; ') || 'always'],
      ['time zone', agent.timeZone],
      ['tier', String(agent.tier)],
      ['regions', agent.regions.join(', ')],
      ['languages', agent.languages.join(', ')],
      ['skills', skillWords(agent.skills)],
      ['call address', agent.callAddress],
      ['load', `${agent.loadUnits} of ${agent.capacityUnits} units`],
      ['work', work.join(', ') || 'none'],
      ['last assigned', dateTime(agent.lastAssignedTime) || 'never'],
    ]),
  );
}

/** Sets the presence of agents, one after the other, and prints them. */
export async function setPresence(
  context: CliContext,
  ids: readonly string[],
  presence: PresenceName,
  options: GlobalOptions,
): Promise<void> {
  const api = await context.connections.agents();
  const agents: Agent[] = [];
  for (const id of ids) {
    agents.push(await api.setPresence({ id, presence: presenceOf(presence) }, callOptions(context, options)));
  }
  printAgents(context, options, agents);
}

function printAgents(context: CliContext, options: GlobalOptions, agents: readonly Agent[]): void {
  if (options.json) {
    printJson(context, { agents: agents.map((agent) => Agent.toJSON(agent)) });
    return;
  }
  if (agents.length === 0) {
    context.stderr.write('No agents.\n');
    return;
  }
  const rows = agents.map((agent) => [
    agent.id,
    agent.name,
    presenceWord(agent) + (agent.onShift ? '' : ', off shift'),
    `${agent.loadUnits}/${agent.capacityUnits}`,
    String(Object.keys(agent.work).length),
    String(agent.tier),
    agent.regions.join(' '),
    agent.languages.join(' '),
    skillWords(agent.skills),
  ]);
  const headings = ['AGENT', 'NAME', 'PRESENCE', 'LOAD', 'TICKETS', 'TIER', 'REGIONS', 'LANGUAGES', 'SKILLS'];
  context.stdout.write(table(headings, rows, context.stdout.columns));
}

function weekday(number: number): string {
  return ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][number - 1] ?? String(number);
}
