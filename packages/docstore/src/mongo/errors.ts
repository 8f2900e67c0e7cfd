import { MongoBulkWriteError, MongoServerError } from 'mongodb';
import { DuplicateKeyError } from '../port.ts';
import { RefusedError } from '../refused-error.ts';

const duplicateKey = 11000;
/** BadValue, TypeMismatch, PathNotViable, ConflictingUpdateOperators: the document does not fit the update. */
const doesNotFit = new Set([2, 14, 28, 40]);

/** An error of the driver as the port names it; any other as it is. */
export function translateError(error: unknown, collection: string): unknown {
  if (!(error instanceof MongoServerError)) return error;
  if (error.code === duplicateKey) return new DuplicateKeyError(collection, indexOf(error.message));
  if (doesNotFit.has(Number(error.code))) return new RefusedError('', error.message);
  return error;
}

/** The operations of an unordered bulk write that a unique key refused. @throws the first failure of another kind. */
export function duplicatesOf(error: unknown, collection: string): number[] {
  if (!(error instanceof MongoBulkWriteError)) throw translateError(error, collection);
  const failures = [error.writeErrors].flat();
  const other = failures.find(({ code }) => code !== duplicateKey);
  if (other !== undefined)
    throw doesNotFit.has(other.code) ? new RefusedError('', other.errmsg ?? 'the document does not fit') : error;
  // A failure that is no operation's own, such as a write concern that could not be met.
  if (failures.length === 0) throw error;
  return failures.map(({ index }) => index).sort((a, b) => a - b);
}

/** MongoDB says `index: name dup key`, DocumentDB says `Index 'name'`. */
function indexOf(message: string): string {
  const name = /index: (\S+)/.exec(message)?.[1] ?? /Index '([^']+)'/.exec(message)?.[1] ?? 'unknown';
  return name === '_id_' ? '_id' : name;
}
