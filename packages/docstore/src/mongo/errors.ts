import { setTimeout as sleep } from 'node:timers/promises';
import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  type WriteError,
} from 'mongodb';
import { DuplicateKeyError, UnavailableError } from '../port.ts';
import { RefusedError } from '../refused-error.ts';

const duplicateKey = 11000;
/** BadValue, TypeMismatch, PathNotViable, ConflictingUpdateOperators: the document does not fit the update. */
const doesNotFit = new Set([2, 14, 28, 40]);

/** InternalError, as which FerretDB passes on that PostgreSQL behind it is away. */
const internalError = 1;
/** What PostgreSQL says while it starts, stops or recovers (SQLSTATE class 57), and what pgx says without it. */
const postgresIsAway =
  /the database system is |terminating connection due to|failed to connect to|connection refused|unexpected EOF|conn closed/;

/** Whether trying again later may help: no server is reached, or it is starting, stopping or no longer the primary. */
export function isAway(error: unknown): error is Error {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (!(error instanceof MongoServerError)) return false;
  if (saysAway(error.code, error.message)) return true;
  // The driver wraps what a whole bulk write failed of.
  return error.hasErrorLabel('RetryableWriteError') || isAway(error.errorResponse);
}

function saysAway(code: number | string | undefined, message: string | undefined): boolean {
  return code === internalError && postgresIsAway.test(message ?? '');
}

/** An error of the driver as the port names it; any other as it is. */
export function translateError(error: unknown, collection: string): unknown {
  if (isAway(error)) return new UnavailableError(`MongoDB is away: ${error.message}`, { cause: error });
  if (!(error instanceof MongoServerError)) return error;
  if (error.code === duplicateKey) return new DuplicateKeyError(collection, indexOf(error.message));
  if (doesNotFit.has(Number(error.code))) return new RefusedError('', error.message);
  return error;
}

/** WriteConflict, and PostgreSQL's deadlock (SQLSTATE 40P01 as DocumentDB passes it on). */
const conflicts = new Set([112, 16908292]);
const maxAttempts = 10;

/**
 * Runs a write that touches one document, again when the server undid it because of a conflict with another. DocumentDB lets
 * concurrent writers of one unique key deadlock instead of telling the loser.
 */
export async function untilNoConflict<R>(write: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (!isConflict(error) || attempt === maxAttempts) throw error;
      await conflictPause(attempt);
    }
  }
}

/**
 * Lets the other one finish; the spread keeps two losers from meeting again, the more the oftener they met.
 * @param attempt Counts from 1.
 */
export function conflictPause(attempt: number): Promise<void> {
  return sleep(Math.random() * Math.min(25 * 2 ** attempt, 2000));
}

function isConflict(error: unknown): boolean {
  return error instanceof MongoServerError && saysConflict(error.code, error.message);
}

/** FerretDB tells of an index that two make at once as of an internal error. */
function saysConflict(code: number | string | undefined, message: string | undefined): boolean {
  return conflicts.has(Number(code)) || message?.includes('deadlock detected') === true;
}

/** What an unordered bulk write did not do, by the place of the operation. */
export interface Failures {
  readonly duplicates: ReadonlySet<number>;
  /** Undone because of a conflict, to be sent again. */
  readonly conflicts: ReadonlySet<number>;
}

/** @throws the first failure that is neither duplicate nor conflict. */
export function failuresOf(error: unknown, collection: string): Failures {
  if (!(error instanceof MongoBulkWriteError)) throw translateError(error, collection);
  const failures = [error.writeErrors].flat();
  // A failure that is no operation's own, such as a lost connection or a write concern that could not be met.
  if (failures.length === 0) throw translateError(error, collection);
  const isDuplicate = ({ code }: WriteError) => code === duplicateKey;
  const isConflicting = ({ code, errmsg }: WriteError) => saysConflict(code, errmsg);
  const other = failures.find((failure) => !isDuplicate(failure) && !isConflicting(failure));
  if (other !== undefined) {
    const { code, errmsg = 'the document does not fit' } = other;
    if (saysAway(code, errmsg)) throw new UnavailableError(`MongoDB is away: ${errmsg}`, { cause: error });
    throw doesNotFit.has(code) ? new RefusedError('', errmsg) : error;
  }
  const places = (wanted: (failure: WriteError) => boolean) =>
    new Set(failures.filter(wanted).map(({ index }) => index));
  return { duplicates: places(isDuplicate), conflicts: places(isConflicting) };
}

/** MongoDB says `index: name dup key`, DocumentDB says `Index 'name'`. */
function indexOf(message: string): string {
  const name = /index: (\S+)/.exec(message)?.[1] ?? /Index '([^']+)'/.exec(message)?.[1] ?? 'unknown';
  return name === '_id_' ? '_id' : name;
}
