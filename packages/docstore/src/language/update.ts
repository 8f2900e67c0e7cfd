import type { Update } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import { type Clause, type ElementTest, idOf, type Path, parseElementTest, parsePath } from './filter.ts';
import { checkId, copyJson, isObject, type Json, type JsonDocument, type JsonObject, join, ownField } from './json.ts';
import { matchesElement } from './match.ts';
import { compareJson, equalJson } from './order.ts';

export const updateOperators = [
  '$set',
  '$setOnInsert',
  '$unset',
  '$inc',
  '$min',
  '$max',
  '$push',
  '$addToSet',
  '$pull',
] as const;
export type UpdateOperator = (typeof updateOperators)[number];

/** One change of one field. */
export type Step =
  | {
      readonly operator: '$set' | '$setOnInsert' | '$unset' | '$inc' | '$min' | '$max';
      readonly path: Path;
      readonly operand: Json;
    }
  | { readonly operator: '$push'; readonly path: Path; readonly each: readonly Json[]; readonly slice?: number }
  | { readonly operator: '$addToSet'; readonly path: Path; readonly each: readonly Json[] }
  | { readonly operator: '$pull'; readonly path: Path; readonly test: ElementTest | { readonly equal: Json } };

/**
 * Checks an update and takes it apart. Fields that are undefined are left out.
 * @throws RefusedError naming the operator or value and what is allowed.
 */
export function parseUpdate(update: Update): readonly Step[] {
  const steps: Step[] = [];
  for (const operator in update) {
    if (!isUpdateOperator(operator))
      throw new RefusedError(operator, `is not supported; allowed are ${updateOperators.join(', ')}`);
    const fields = update[operator] as Readonly<Record<string, unknown>> | undefined;
    if (fields === undefined) continue;
    if (!isObject(fields)) throw new RefusedError(operator, 'takes fields');
    for (const field in fields) {
      if (fields[field] === undefined) continue;
      const where = join(operator, field);
      const path = parsePath(field, where);
      if (path.segments[0] === '_id' && operator !== '$setOnInsert')
        throw new RefusedError(where, 'an id never changes');
      steps.push(parseStep(operator, path, fields[field], where));
    }
  }
  if (steps.length === 0) throw new RefusedError('', 'an update needs at least one change');
  refuseConflicts(steps);
  return steps;
}

function parseStep(operator: UpdateOperator, path: Path, operand: unknown, where: string): Step {
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return { operator, path, operand: copyJson(operand, where) };
    case '$unset':
      return { operator, path, operand: true };
    case '$inc':
      if (typeof operand !== 'number' || !Number.isFinite(operand)) throw new RefusedError(where, 'takes a number');
      return { operator, path, operand };
    case '$min':
    case '$max':
      if (typeof operand !== 'string' && !Number.isFinite(operand))
        throw new RefusedError(where, 'takes a number or a string');
      return { operator, path, operand: operand as number | string };
    case '$push':
    case '$addToSet':
      return parseAddition(operator, path, operand, where);
    case '$pull': {
      if (!isObject(operand)) return { operator, path, test: { equal: copyJson(operand, where) } };
      return { operator, path, test: parseElementTest(operand, 'refuse', where) };
    }
  }
}

function parseAddition(operator: '$push' | '$addToSet', path: Path, operand: unknown, where: string): Step {
  if (!isObject(operand) || !Object.keys(operand).some((name) => name.startsWith('$')))
    return { operator, path, each: [copyJson(operand, where)] };
  const { $each, $slice, ...others } = operand as Readonly<Record<string, unknown>>;
  const allowed = operator === '$push' ? '$each and $slice' : '$each';
  for (const other of [...Object.keys(others), ...($slice !== undefined && operator === '$addToSet' ? ['$slice'] : [])])
    throw new RefusedError(join(where, other), `is not supported; allowed here is ${allowed}`);
  if (!Array.isArray($each)) throw new RefusedError(join(where, '$each'), 'takes a list');
  const each = copyJson($each, join(where, '$each')) as readonly Json[];
  if (operator === '$addToSet' || $slice === undefined) return { operator, path, each };
  if (!Number.isInteger($slice)) throw new RefusedError(join(where, '$slice'), 'takes a whole number');
  return { operator, path, each, slice: $slice as number };
}

/** Two changes of one field, or of a field and one inside it, have no order. MongoDB refuses them too. */
function refuseConflicts(steps: readonly Step[]): void {
  if (steps.length === 1) return;
  const sorted = steps.map((step) => `${step.path.text}.`).sort();
  for (let at = 1; at < sorted.length; at++) {
    const before = sorted[at - 1] as string;
    if (sorted[at]?.startsWith(before)) throw new RefusedError(before.slice(0, -1), 'is changed twice by one update');
  }
}

function isUpdateOperator(name: string): name is UpdateOperator {
  return (updateOperators as readonly string[]).includes(name);
}

/**
 * The document after the update; the same object when nothing changed. The given one stays as it is; parts that did not change are shared.
 * @throws RefusedError when the document does not fit: `$inc` of a string, `$push` to what is no array, a path through a string.
 */
export function applyUpdate(document: JsonDocument, steps: readonly Step[], inserting = false): JsonDocument {
  let result: JsonObject = document;
  for (const step of steps) {
    if (step.operator === '$setOnInsert' && !inserting) continue;
    result = changeAt(result, step, 0) as JsonObject;
  }
  return result as JsonDocument;
}

/** The document an upsert inserts: the filter's equalities, then the update. */
export function upsertedDocument(clauses: readonly Clause[], steps: readonly Step[]): JsonDocument {
  let seed: JsonObject = {};
  const equalities = (list: readonly Clause[]): void => {
    for (const clause of list) {
      if (clause.kind === 'and') clause.branches.forEach(equalities);
      else if (clause.kind === 'field' && clause.operator === '$eq')
        seed = changeAt(seed, { operator: '$set', path: clause.path, operand: clause.operand }, 0) as JsonObject;
    }
  };
  equalities(clauses);
  const document = applyUpdate(seed as JsonDocument, steps, true);
  checkId(document._id, '_id');
  return document;
}

/** @throws RefusedError when neither filter nor `$setOnInsert` says which id an upsert is to insert. */
export function checkUpsert(clauses: readonly Clause[], steps: readonly Step[]): void {
  if (idOf(clauses) !== undefined) return;
  const step = steps.find(({ operator, path }) => operator === '$setOnInsert' && path.text === '_id');
  if (step === undefined) throw new RefusedError('_id', 'an upsert names it in its filter or in $setOnInsert');
  checkId((step as { operand: Json }).operand, '$setOnInsert._id');
}

const isIndex = /^(0|[1-9]\d*)$/;

function changeAt(parent: Json | undefined, step: Step, depth: number): Json {
  const segment = step.path.segments[depth] as string;
  const last = depth === step.path.segments.length - 1;
  if (Array.isArray(parent)) return changeElement(parent, segment, step, depth, last);
  if (parent !== undefined && !isObject(parent)) {
    if (removes(step)) return parent;
    throw new RefusedError(step.path.text, `${segment} cannot be made inside what is no object`);
  }
  const before = parent === undefined ? undefined : ownField(parent, segment);
  if (before === undefined && removes(step)) return parent as Json;
  const after = last ? changed(before, step) : changeAt(before, step, depth + 1);
  if (after === before && before !== undefined) return parent as Json;
  if (after === undefined) {
    const { [segment]: _, ...rest } = parent as JsonObject;
    return rest;
  }
  return { ...parent, [segment]: after };
}

function changeElement(parent: readonly Json[], segment: string, step: Step, depth: number, last: boolean): Json {
  if (!isIndex.test(segment)) {
    if (removes(step)) return parent;
    throw new RefusedError(step.path.text, `${segment} is no index of an array`);
  }
  const index = Number(segment);
  if (index >= parent.length && removes(step)) return parent;
  const before = parent[index];
  const after = last ? changed(before, step) : changeAt(before, step, depth + 1);
  if (after === before && before !== undefined) return parent;
  // MongoDB leaves a hole as null, so that the other elements keep their places.
  const copy = Array.from({ length: Math.max(parent.length, index + 1) }, (_, at) => parent[at] ?? null);
  copy[index] = after ?? null;
  return copy;
}

/** Whether a step on a path that is not there does nothing. */
function removes(step: Step): boolean {
  return step.operator === '$unset' || step.operator === '$pull';
}

/** The field's value after the step; undefined removes it. The same value when nothing changes. */
function changed(before: Json | undefined, step: Step): Json | undefined {
  switch (step.operator) {
    case '$set':
    case '$setOnInsert':
      return equalJson(before, step.operand) ? before : step.operand;
    case '$unset':
      return undefined;
    case '$inc': {
      if (before === undefined) return step.operand;
      if (typeof before !== 'number') throw new RefusedError(step.path.text, '$inc needs a number there');
      return before + (step.operand as number);
    }
    case '$min':
      return before === undefined || compareJson(step.operand, before) < 0 ? step.operand : before;
    case '$max':
      return before === undefined || compareJson(step.operand, before) > 0 ? step.operand : before;
    case '$push': {
      const list = arrayAt(before, step);
      const longer = [...list, ...step.each];
      const { slice } = step;
      const kept = slice === undefined ? longer : slice < 0 ? longer.slice(slice) : longer.slice(0, slice);
      return before !== undefined && equalJson(kept, list) ? before : kept;
    }
    case '$addToSet': {
      const list = arrayAt(before, step);
      const longer = [...list];
      for (const value of step.each) if (!longer.some((known) => equalJson(known, value))) longer.push(value);
      return before !== undefined && longer.length === list.length ? before : longer;
    }
    case '$pull': {
      const list = arrayAt(before, step);
      const { test } = step;
      const kept = list.filter((element) =>
        'equal' in test ? !equalJson(element, test.equal) : !matchesElement(test, element),
      );
      return kept.length === list.length ? before : kept;
    }
  }
}

function arrayAt(value: Json | undefined, step: Step): readonly Json[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new RefusedError(step.path.text, `${step.operator} needs an array there`);
  return value;
}
