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
export function copyJson(value: unknown, path: string, depth = 0): Json {
  switch (typeof value) {
    case 'string':
      return value.toWellFormed();
    case 'number':
      if (!Number.isFinite(value)) throw new RefusedError(path, `${value} is not JSON`);
      return value;
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      throw new RefusedError(path, `a ${typeof value} is not JSON`);
  }
  if (value === null) return null;
  if (depth > maxDepth) throw new RefusedError(path, `is nested deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    return value.map((element, index) => copyJson(element, join(path, String(index)), depth + 1));
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const hint = value instanceof Date ? '; store milliseconds as a number' : '';
    throw new RefusedError(path, `a ${value.constructor.name} is not JSON${hint}`);
  }
  const copy: Record<string, Json> = {};
  for (const field in value) {
    const inner = (value as Record<string, unknown>)[field];
    if (inner === undefined) continue;
    if (field.includes('\0')) throw new RefusedError(path, "a field's name may not contain NUL");
    setField(copy, field, copyJson(inner, join(path, field), depth + 1));
  }
  return copy;
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
