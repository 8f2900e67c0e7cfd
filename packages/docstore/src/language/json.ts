import { RefusedError } from '../refused-error.ts';

/** JSON as the adapters hold it: plain objects without undefined. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [field: string]: Json;
}

/** A stored document. */
export interface JsonDocument extends JsonObject {
  readonly _id: string;
}

/** MongoDB's limits, kept by every adapter. */
const maxDepth = 100;
export const maxDocumentCharacters = 16 * 1024 * 1024;

/**
 * A deep copy as plain JSON. Fields that are undefined are left out; unpaired surrogates become U+FFFD, as in BSON.
 * @throws RefusedError naming the path of what no adapter can hold: a Date, bigint, function, NaN, a class's instance.
 */
export function copyJson(value: unknown, path: string): Json {
  const copy = tryCopy(value, 0);
  // Every document comes through here: the path is only put together when there is something to say of it.
  if (copy === notJson) throw refusalIn(value, path, 0);
  return copy;
}

const notJson = Symbol('not JSON');

function tryCopy(value: unknown, depth: number): Json | typeof notJson {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object') return isScalar(value) ? value : notJson;
  if (value === null) return null;
  if (depth > maxDepth) return notJson;
  if (Array.isArray(value)) {
    const copy: Json[] = [];
    for (const element of value) {
      const inner = tryCopy(element, depth + 1);
      if (inner === notJson) return notJson;
      copy.push(inner);
    }
    return copy;
  }
  if (!isPlain(value)) return notJson;
  const copy: Record<string, Json> = {};
  for (const field in value) {
    const given = (value as Record<string, unknown>)[field];
    if (given === undefined) continue;
    const inner = tryCopy(given, depth + 1);
    if (inner === notJson || field.includes('\0')) return notJson;
    setField(copy, field, inner);
  }
  return copy;
}

function isScalar(value: unknown): value is number | boolean {
  return typeof value === 'boolean' || Number.isFinite(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Why `tryCopy` gave up: the first thing in the value that is not JSON. */
function refusalIn(value: unknown, path: string, depth: number): RefusedError {
  if (typeof value !== 'object' || value === null)
    return new RefusedError(path, `${typeof value === 'number' ? value : `a ${typeof value}`} is not JSON`);
  if (depth > maxDepth) return new RefusedError(path, `is nested deeper than ${maxDepth} levels`);
  if (!Array.isArray(value) && !isPlain(value)) {
    const hint = value instanceof Date ? '; store milliseconds as a number' : '';
    return new RefusedError(path, `a ${value.constructor.name} is not JSON${hint}`);
  }
  for (const [field, inner] of Object.entries(value)) {
    if (inner === undefined && !Array.isArray(value)) continue;
    if (field.includes('\0')) return new RefusedError(path, "a field's name may not contain NUL");
    if (tryCopy(inner, depth + 1) === notJson) return refusalIn(inner, join(path, field), depth + 1);
  }
  throw new Error('there is nothing to refuse');
}

/** A deep copy of what is known to be JSON. */
export function cloneJson<T extends Json>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as unknown as T;
  const copy: Record<string, Json> = {};
  for (const field in value) setField(copy, field, cloneJson((value as JsonObject)[field] as Json));
  return copy as T;
}

/** Checks and copies a whole document. */
export function copyDocument(document: unknown): JsonDocument {
  if (!isObject(document)) throw new RefusedError('', 'a document is an object');
  const copy = copyJson(document, '') as JsonDocument;
  checkId(copy._id, '_id');
  for (const field in copy) {
    if (field.startsWith('$') || field.includes('.'))
      throw new RefusedError(field, "a document's own fields may not start with '$' or contain '.'; those inside may");
  }
  return copy;
}

export function checkId(id: unknown, path: string): asserts id is string {
  if (typeof id !== 'string' || id === '') throw new RefusedError(path, 'must be a string that is not empty');
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

/** Sets a field of an object under construction; assigning `__proto__`, a name customers may send, would set the prototype. */
export function setField(object: Record<string, Json>, field: string, value: Json): void {
  if (field === '__proto__')
    Object.defineProperty(object, field, { value, enumerable: true, writable: true, configurable: true });
  else object[field] = value;
}

/** A field's own value, never one of Object.prototype. */
export function ownField(object: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}
