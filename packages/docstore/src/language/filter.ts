import type { Filter } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import { checkId, copyJson, isObject, type Json, join } from './json.ts';

export const operators = [
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$all',
  '$size',
  '$elemMatch',
] as const;
export type Operator = (typeof operators)[number];

/** A filter taken apart. A list of clauses means all of them. */
export type Clause =
  | { readonly kind: 'and'; readonly branches: readonly (readonly Clause[])[] }
  | { readonly kind: 'or'; readonly branches: readonly (readonly Clause[])[] }
  | { readonly kind: 'element'; readonly path: Path; readonly test: ElementTest }
  | { readonly kind: 'field'; readonly path: Path; readonly operator: FieldOperator; readonly operand: Json };
export type FieldOperator = Exclude<Operator, '$elemMatch'>;
export type FieldClause = Extract<Clause, { kind: 'field' }>;

/** What `$elemMatch` asks of an element: conditions on its fields, or on itself as the field `element`. */
export interface ElementTest {
  readonly of: 'fields' | 'element';
  readonly clauses: readonly Clause[];
}

/** The field under which an element that is tested itself is wrapped. */
export const elementPath: Path = { text: 'element', segments: ['element'] };

export interface Path {
  readonly text: string;
  readonly segments: readonly string[];
}

const paths = new Map<string, Path>();

/** @throws RefusedError when it is no path: empty parts, `$` or positional operators. */
export function parsePath(text: string, where: string): Path {
  const known = paths.get(text);
  if (known !== undefined) return known;
  const segments = text.split('.');
  if (segments.some((segment) => segment === '' || segment.startsWith('$') || segment === '__proto__'))
    throw new RefusedError(where, 'is not a path of field names with dots');
  const path = { text, segments };
  // Paths come from code, so they are few; a path with a key in it (work.<id>) must not fill the memory all the same.
  if (paths.size >= 10_000) paths.clear();
  paths.set(text, path);
  return path;
}

/**
 * Checks a filter and takes it apart.
 * @param undefinedFields What a condition of `undefined` means. A listing leaves it out. A write refuses it: a guard such as
 * `version: undefined` would guard nothing.
 * @throws RefusedError naming the operator or value and what is allowed.
 */
export function parseFilter(filter: Filter, undefinedFields: 'leave out' | 'refuse', where = ''): readonly Clause[] {
  const clauses: Clause[] = [];
  if (!isObject(filter)) throw new RefusedError(where, 'a filter is an object');
  for (const field in filter) {
    const value: unknown = filter[field];
    if (value === undefined) {
      if (undefinedFields === 'refuse')
        throw new RefusedError(join(where, field), 'a write may not have a condition of undefined');
      continue;
    }
    if (field === '$and' || field === '$or') {
      if (!Array.isArray(value) || value.length === 0)
        throw new RefusedError(join(where, field), 'takes a list of filters that is not empty');
      clauses.push({
        kind: field === '$and' ? 'and' : 'or',
        branches: value.map((branch: Filter, index) =>
          parseFilter(branch, undefinedFields, `${join(where, field)}.${index}`),
        ),
      });
    } else if (field.startsWith('$')) {
      throw new RefusedError(join(where, field), `is not supported; allowed here are $and, $or and field paths`);
    } else {
      parseCondition(clauses, parsePath(field, join(where, field)), value, undefinedFields, join(where, field));
    }
  }
  return clauses;
}

function parseCondition(
  clauses: Clause[],
  path: Path,
  value: unknown,
  undefinedFields: 'leave out' | 'refuse',
  where: string,
): void {
  if (!isCondition(value)) {
    const operand = copyJson(value, where);
    if (path.text === '_id') checkId(operand, where);
    clauses.push({ kind: 'field', path, operator: '$eq', operand });
    return;
  }
  for (const [operator, operand] of Object.entries(value)) {
    const at = join(where, operator);
    if (!isOperator(operator)) throw new RefusedError(at, `is not supported; allowed are ${operators.join(', ')}`);
    if (operand === undefined) {
      if (undefinedFields === 'refuse') throw new RefusedError(at, 'a write may not have a condition of undefined');
    } else if (operator === '$elemMatch') {
      clauses.push({ kind: 'element', path, test: parseElementTest(operand, undefinedFields, at) });
    } else {
      clauses.push({ kind: 'field', path, operator, operand: parseOperand(path, operator, operand, at) });
    }
  }
}

/** What a single element must fulfil: `{$gt: 5}` speaks of the element, `{kind: 'email'}` of its fields. */
export function parseElementTest(
  operand: unknown,
  undefinedFields: 'leave out' | 'refuse',
  where: string,
): ElementTest {
  if (!isObject(operand)) throw new RefusedError(where, 'takes conditions on an element');
  const [first] = Object.keys(operand);
  if (first === undefined || !first.startsWith('$') || first === '$and' || first === '$or')
    return { of: 'fields', clauses: parseFilter(operand as Filter, undefinedFields, where) };
  const clauses: Clause[] = [];
  parseCondition(clauses, elementPath, operand, undefinedFields, where);
  return { of: 'element', clauses };
}

function parseOperand(path: Path, operator: FieldOperator, operand: unknown, where: string): Json {
  const copy = copyJson(operand, where);
  if (path.text === '_id' && operator === '$eq') checkId(copy, where);
  switch (operator) {
    case '$in':
    case '$nin':
    case '$all':
      if (!Array.isArray(copy)) throw new RefusedError(where, 'takes a list');
      break;
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (typeof copy !== 'number' && typeof copy !== 'string')
        throw new RefusedError(where, 'takes a number or a string');
      break;
    case '$exists':
      if (typeof copy !== 'boolean') throw new RefusedError(where, 'takes true or false');
      break;
    case '$size':
      if (!Number.isInteger(copy) || (copy as number) < 0) throw new RefusedError(where, 'takes a whole number from 0');
      break;
  }
  return copy;
}

/** Whether a value is an object of operators; what has none is compared as a whole. */
function isCondition(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  for (const field in value) return field.startsWith('$');
  return false;
}

function isOperator(name: string): name is Operator {
  return (operators as readonly string[]).includes(name);
}

/** The `_id` a filter asks for, or undefined when it does not name exactly one. */
export function idOf(clauses: readonly Clause[]): string | undefined {
  for (const clause of clauses) {
    if (clause.kind === 'field' && clause.operator === '$eq' && clause.path.text === '_id')
      return String(clause.operand);
  }
  return undefined;
}
