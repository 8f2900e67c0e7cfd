import { isObject, type Json, type JsonObject } from './json.ts';

/** MongoDB's order of types: null and missing, numbers, strings, objects, arrays, booleans. */
function rank(value: Json | undefined): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'number') return 1;
  if (typeof value === 'string') return 2;
  if (typeof value === 'boolean') return 5;
  return Array.isArray(value) ? 4 : 3;
}

/** Whether two values are of one type, so that `$gt` and its like may compare them. */
export function sameType(a: Json | undefined, b: Json | undefined): boolean {
  return rank(a) === rank(b);
}

/** Strings by their UTF-8 bytes, as MongoDB and SQLite order them; `<` orders by UTF-16 units. */
function compareStrings(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    const surrogates = Number(left >= 0xd800 && left < 0xe000) - Number(right >= 0xd800 && right < 0xe000);
    return surrogates !== 0 ? surrogates : left - right;
  }
  return a.length - b.length;
}

/** MongoDB's order of any two values. Missing counts as null. */
export function compareJson(a: Json | undefined, b: Json | undefined): number {
  const byType = rank(a) - rank(b);
  if (byType !== 0) return byType;
  if (typeof a === 'string') return compareStrings(a, b as string);
  if (typeof a === 'number' || typeof a === 'boolean') return Number(a) - Number(b);
  if (Array.isArray(a)) return compareLists(a, b as readonly Json[], compareJson);
  if (isObject(a)) {
    return compareLists(Object.entries(a), Object.entries(b as JsonObject), ([leftName, left], [rightName, right]) => {
      const byTypeOfField = rank(left) - rank(right);
      return byTypeOfField || compareStrings(leftName, rightName) || compareJson(left, right);
    });
  }
  return 0;
}

function compareLists<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
  for (const [index, left] of a.entries()) {
    if (index >= b.length) return 1;
    const order = compare(left, b[index] as T);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Equal as MongoDB sees it: the order of an object's fields counts. Missing is not null here. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((element, index) => equalJson(element, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const fields = Object.keys(a);
  const others = Object.keys(b);
  if (fields.length !== others.length) return false;
  return fields.every((field, index) => field === others[index] && equalJson(a[field], b[field]));
}
