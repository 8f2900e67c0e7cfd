import type { Complexity, Deadline, DeadlineKind, Grade, Severity, Ticket } from './ticket.ts';

type LivePace = 'line' | 'chat';

/** How the customer waits: on the telephone, before the window of a chat, or not at all. */
export type Pace = LivePace | 'written';

/** How long things may take, in milliseconds, around the clock. */
export interface DeadlinePolicy {
  readonly firstResponseMs: Readonly<Record<Severity, number>>;
  /** First response where the customer waits for the answer. */
  readonly liveFirstResponseMs: Readonly<Record<LivePace, number>>;
  readonly resolutionMs: Readonly<Record<Complexity, number>>;
  /** The owner is warned when this fraction of the time is left … */
  readonly warnFraction: number;
  /** … or this much, if that is more, but never before half of the time has passed. */
  readonly warnAtLeastMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const standardDeadlines: DeadlinePolicy = {
  firstResponseMs: { urgent: 2 * hourMs, important: 4 * hourMs, normal: 24 * hourMs },
  liveFirstResponseMs: { line: 30_000, chat: 5 * minuteMs },
  resolutionMs: { simple: dayMs, complex: 3 * dayMs, difficult: 7 * dayMs },
  warnFraction: 0.25,
  warnAtLeastMs: 15 * minuteMs,
};

/** Time until the first response is due. An ungraded severity counts as normal. */
export function firstResponseMs(policy: DeadlinePolicy, grade: Grade, pace: Pace): number {
  const bySeverity = policy.firstResponseMs[grade.severity === 'none' ? 'normal' : grade.severity];
  return pace === 'written' ? bySeverity : Math.min(policy.liveFirstResponseMs[pace], bySeverity);
}

/** A deadline `durationMs` after `fromMs`. */
function deadlineAfter(kind: DeadlineKind, fromMs: number, durationMs: number, policy: DeadlinePolicy): Deadline {
  const warningMs = Math.min(durationMs / 2, Math.max(durationMs * policy.warnFraction, policy.warnAtLeastMs));
  const dueAtMs = fromMs + durationMs;
  return { kind, dueAtMs, warnAtMs: dueAtMs - Math.round(warningMs) };
}

/** Both deadlines of a problem that arrived at `fromMs`. */
export function startDeadlines(grade: Grade, fromMs: number, pace: Pace, policy: DeadlinePolicy): Deadline[] {
  return [
    deadlineAfter('first-response', fromMs, firstResponseMs(policy, grade, pace), policy),
    deadlineAfter('resolution', fromMs, policy.resolutionMs[grade.complexity], policy),
  ];
}

/**
 * The deadlines of a ticket that is worked on again. Waiting (pending) has paused the resolution deadline, which moves by
 * the pause. A problem that comes back after its solution starts its resolution deadline anew, and its first response too
 * when it never got one.
 */
export function deadlinesOnReopening(ticket: Ticket, nowMs: number, pace: Pace, policy: DeadlinePolicy): Deadline[] {
  if (ticket.state === 'pending') {
    const pauseMs = nowMs - (ticket.pendingSinceMs ?? nowMs);
    return ticket.deadlines.map((deadline) =>
      deadline.kind === 'resolution' && deadline.metAtMs === undefined
        ? { ...deadline, dueAtMs: deadline.dueAtMs + pauseMs, warnAtMs: deadline.warnAtMs + pauseMs }
        : deadline,
    );
  }
  const answered = ticket.deadlines.find(({ kind, metAtMs }) => kind === 'first-response' && metAtMs !== undefined);
  const [firstResponse, ...others] = startDeadlines(ticket.grade, nowMs, pace, policy);
  return [answered ?? firstResponse, ...others].filter((deadline) => deadline !== undefined);
}

/** True while the clock of this deadline runs. */
export function isTicking(ticket: Pick<Ticket, 'state'>, deadline: Deadline): boolean {
  if (deadline.metAtMs !== undefined || ticket.state === 'resolved' || ticket.state === 'closed') return false;
  return !(ticket.state === 'pending' && deadline.kind === 'resolution');
}

/** When the ticket must be looked at next. Undefined: never by itself. */
export function nextDueAtMs(ticket: Ticket): number | undefined {
  const instants: number[] = [];
  for (const deadline of ticket.deadlines) {
    if (!isTicking(ticket, deadline) || deadline.breachedAtMs !== undefined) continue;
    instants.push(deadline.warnedAtMs === undefined ? deadline.warnAtMs : deadline.dueAtMs);
  }
  if (ticket.state === 'pending' && ticket.pendingUntilMs !== undefined) instants.push(ticket.pendingUntilMs);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** The deadlines of this kind that are open, as met. */
export function met(kind: DeadlineKind, deadlines: readonly Deadline[], nowMs: number): DeadlineMet[] {
  return deadlines
    .filter((deadline) => deadline.kind === kind && deadline.metAtMs === undefined)
    .map((deadline) => ({ type: 'deadlineMet', deadline: { ...deadline, metAtMs: nowMs } }));
}

interface DeadlineMet {
  readonly type: 'deadlineMet';
  readonly deadline: Deadline;
}
