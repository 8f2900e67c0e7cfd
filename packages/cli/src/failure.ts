import type { FieldViolation, StatusError } from '@tributary/contracts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** A command that did not succeed: what to print and which code to end with. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;
  /** gRPC's name of the status, or `USAGE`, `FAILURE`. */
  readonly code: string;
  readonly violations: readonly FieldViolation[];

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    { violations = [], cause }: { violations?: readonly FieldViolation[]; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.code = code;
    this.violations = violations;
  }
}

/** The command line is wrong in a way only the command itself can tell. */
export function usageFailure(message: string): CommandFailure {
  return new CommandFailure(exitCodes.usage, 'USAGE', message);
}

/** There is no such thing. */
export function notFoundFailure(message: string): CommandFailure {
  return new CommandFailure(exitCodes.notFound, 'NOT_FOUND', message);
}

/** A server does not answer. */
export function unavailableFailure(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(exitCodes.unavailable, 'UNAVAILABLE', message, { cause });
}

/** gRPC status code → our exit code and the status's name. Others are `failure`. */
const statuses: Readonly<Record<number, readonly [ExitCode, string]>> = {
  1: [exitCodes.interrupted, 'CANCELLED'],
  3: [exitCodes.usage, 'INVALID_ARGUMENT'],
  4: [exitCodes.unavailable, 'DEADLINE_EXCEEDED'],
  5: [exitCodes.notFound, 'NOT_FOUND'],
  6: [exitCodes.refused, 'ALREADY_EXISTS'],
  7: [exitCodes.refused, 'PERMISSION_DENIED'],
  9: [exitCodes.refused, 'FAILED_PRECONDITION'],
  10: [exitCodes.refused, 'ABORTED'],
  12: [exitCodes.failure, 'UNIMPLEMENTED'],
  13: [exitCodes.failure, 'INTERNAL'],
  14: [exitCodes.unavailable, 'UNAVAILABLE'],
  16: [exitCodes.refused, 'UNAUTHENTICATED'],
};

/** Any error as a failure to print. `address` is where the call went, when known. */
export function toFailure(error: unknown, address?: string): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (!isStatusError(error)) {
    return new CommandFailure(exitCodes.failure, 'FAILURE', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
  const [exitCode, code] = statuses[error.code] ?? [exitCodes.failure, `STATUS_${error.code}`];
  return new CommandFailure(exitCode, code, sentence(error, code, address), { violations: error.violations });
}

function sentence(error: StatusError, code: string, address = 'the server'): string {
  switch (code) {
    case 'UNAVAILABLE':
      return /no connection established|econnrefused|name resolution failed/i.test(error.message)
        ? `Nothing answers at ${address}. Is Tributary running? (npm start)`
        : `${address} cannot do that now: ${error.message}`;
    case 'DEADLINE_EXCEEDED':
      return `${address} did not answer in time. --timeout waits longer.`;
    case 'INVALID_ARGUMENT':
      return error.violations.length > 0 ? 'The request is not valid:' : `The request is not valid: ${error.message}`;
    case 'NOT_FOUND':
      return `Not found: ${error.message}`;
    case 'ABORTED':
      return `It has changed in the meantime: ${error.message}`;
    case 'FAILED_PRECONDITION':
      return `Not possible now: ${error.message}`;
    case 'PERMISSION_DENIED':
      return `Not allowed: ${error.message}`;
    case 'UNAUTHENTICATED':
      return `${address} does not let you in: ${error.message}. 'tributary tokens create' makes a token, TRIBUTARY_TOKEN_FILE names its file.`;
    case 'UNIMPLEMENTED':
      return `${address} does not offer this: ${error.message}`;
    default:
      return `${address} failed (${code}): ${error.message}`;
  }
}

// By name, not by class: loading the class loads gRPC, which a wrong flag should not wait for.
function isStatusError(error: unknown): error is StatusError {
  return error instanceof Error && error.name === 'StatusError';
}
