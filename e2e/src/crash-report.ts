import { countUncertain, distinct } from './checks/answers.ts';
import { countRepeats } from './checks/event-sequences.ts';
import type { History, Violation } from './history.ts';
import { nameOf } from './message-name.ts';
import type { Killed } from './victims.ts';

/** What a crash test found. */
export interface CrashReport {
  readonly mode: string;
  readonly seed: string;
  readonly violations: readonly Violation[];
  /** Names and figures in the order to be shown. */
  readonly figures: readonly (readonly [name: string, value: string])[];
}

interface Facts {
  readonly mode: string;
  readonly seed: string;
  readonly history: History;
  readonly killed: readonly Killed[];
  /** How often each service process was started. */
  readonly starts: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  readonly tookMs: number;
}

export function reportOf({ mode, seed, history, killed, violations, starts, tookMs }: Facts): CrashReport {
  const { messages, commands, tickets, ticketEvents, outbound, mails, arrivals, offers, offerAnswers } = history;
  const inChannel = (channel: string) => {
    const sent = messages.filter((message) => message.channel === channel);
    const acknowledged = sent.filter(({ acknowledgedAtMs }) => acknowledgedAtMs !== undefined).length;
    const sends = sent.reduce((sum, message) => sum + message.sends, 0);
    return `${sent.length} sent, ${acknowledged} acknowledged, given ${sends} times`;
  };
  const failures = Map.groupBy(
    messages.flatMap(({ channel, failures: reasons }) => reasons.map((reason) => `${channel}: ${reason}`)),
    (reason) => reason,
  );
  const byVictim = [...Map.groupBy(killed, ({ victim }) => victim)].map(([victim, kills]) => {
    const longest = Math.max(...kills.map(({ recoveryMs }) => recoveryMs));
    return `${victim} ${kills.length} (up again within ${seconds(longest)})`;
  });
  const accepted = commands.filter(({ result }) => result === 'accepted');
  const answers = distinct(outbound);
  const waits = ticketWaits(history);
  return {
    mode,
    seed,
    violations,
    figures: [
      ...[...new Set(messages.map(({ channel }) => channel))].map((channel) => [channel, inChannel(channel)] as const),
      ['kills and restarts', `${killed.length}: ${byVictim.join(', ')}`],
      ['ended unbidden', endedUnbidden(killed, starts)],
      ['tries that failed', [...failures].map(([reason, all]) => `${reason} ${all.length} times`).join(', ') || 'none'],
      ['tickets', String(tickets.length)],
      ['agents’ commands', `${commands.length}, ${accepted.length} accepted`],
      ['offers', `${distinct(offers).length}, ${offerAnswers.length} answered`],
      [
        'answers and acknowledgements',
        `${answers.length}, ${mails.length + arrivals.length} arrived at mail servers and providers`,
      ],
      ['left uncertain', String(countUncertain(history))],
      ['ticket events', `${ticketEvents.length}, ${countRepeats(history)} of them repeats`],
      [
        'acknowledged until on its ticket',
        `median ${seconds(quantile(waits, 0.5))}, longest ${seconds(waits.at(-1) ?? 0)}`,
      ],
      ['took', seconds(tookMs)],
      ['promises broken', String(violations.length)],
    ],
  };
}

/** Processes that ended without being killed: allowed for one that cannot go on, and worth a look at its log. */
function endedUnbidden(killed: readonly Killed[], starts: ReadonlyMap<string, number>): string {
  const unbidden = [...starts]
    .map(([name, count]) => ({ name, count: count - 1 - killed.filter(({ victim }) => victim === name).length }))
    .filter(({ count }) => count > 0);
  return unbidden.map(({ name, count }) => `${name} ${count} times`).join(', ') || 'none';
}

/** How long each acknowledged message waited for its ticket, in ms, shortest first. 0 when the ticket was faster. */
function ticketWaits({ messages, ticketEvents }: History): number[] {
  const onTicketAtMs = new Map<string, number>();
  for (const { change, time } of ticketEvents) {
    if (change?.$case !== 'messageReceived' || change.value.entry === undefined || time === undefined) continue;
    onTicketAtMs.set(nameOf(change.value.entry), time.getTime());
  }
  return messages
    .flatMap(({ channel, providerId, acknowledgedAtMs }) => {
      const atMs = onTicketAtMs.get(`${channel} ${providerId}`);
      return atMs === undefined || acknowledgedAtMs === undefined ? [] : [Math.max(0, atMs - acknowledgedAtMs)];
    })
    .sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The report for a person. */
export function reportText({ mode, seed, violations, figures }: CrashReport): string {
  const width = Math.max(...figures.map(([name]) => name.length));
  const most = 50;
  return [
    `Crash test, ${mode}, seed ${seed}`,
    ...figures.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...violations.slice(0, most).map(({ promise, detail }) => `BROKEN: ${promise}: ${detail}`),
    ...(violations.length > most ? [`… and ${violations.length - most} more`] : []),
    violations.length === 0 ? 'Every promise was kept.' : `${violations.length} promises were broken.`,
  ].join('\n');
}
