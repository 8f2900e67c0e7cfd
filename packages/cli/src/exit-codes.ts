/** What the process's exit code says. */
export const exitCodes = {
  ok: 0,
  /** Something failed that no other code names. */
  failure: 1,
  /** The command line, or a value in it, is wrong. */
  usage: 2,
  /** There is no such ticket, agent, offer, topic or record. */
  notFound: 3,
  /** A server does not answer, or not in time. */
  unavailable: 4,
  /** Understood and refused: the ticket's or offer's state or version, or who calls, does not allow it. */
  refused: 5,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For --help and the README. */
export const exitCodeTexts: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failure, 'failed'],
  [exitCodes.usage, 'wrong command line or value'],
  [exitCodes.notFound, 'no such ticket, agent, offer, topic or record'],
  [exitCodes.unavailable, 'a server does not answer, or not in time'],
  [exitCodes.refused, "refused: the ticket's or offer's state or version, or who you are, does not allow it"],
  [exitCodes.interrupted, 'ended by Ctrl-C'],
];
