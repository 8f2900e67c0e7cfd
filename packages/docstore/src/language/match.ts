import { type Clause, elementPath, type FieldClause } from './filter.ts';
import { isObject, type Json, type JsonObject, ownField } from './json.ts';
import { compareJson, equalJson, sameType } from './order.ts';

/** Whether a document fulfils all clauses, by MongoDB's rules for arrays, missing fields and types. */
export function matches(clauses: readonly Clause[], document: JsonObject): boolean {
  for (const clause of clauses) if (!matchesClause(clause, document)) return false;
  return true;
}

function matchesClause(clause: Clause, document: JsonObject): boolean {
  switch (clause.kind) {
    case 'and':
      return clause.branches.every((branch) => matches(branch, document));
    case 'or':
      return clause.branches.some((branch) => matches(branch, document));
    case 'element':
      return someValue(document, clause.path.segments, (value) => {
        if (!Array.isArray(value)) return false;
        return value.some((element) => matchesElement(clause.test, element));
      });
    case 'field':
      return matchesField(clause, document);
  }
}

/** Whether an element of an array fulfils an element test. */
export function matchesElement(test: Extract<Clause, { kind: 'element' }>['test'], element: Json): boolean {
  if (test.of === 'element') return matches(test.clauses, { [elementPath.text]: element });
  return isObject(element) && matches(test.clauses, element);
}

function matchesField({ path: { segments }, operator, operand }: FieldClause, document: JsonObject): boolean {
  switch (operator) {
    case '$eq':
      return someValue(document, segments, (value) => equals(value, operand));
    case '$ne':
      return !someValue(document, segments, (value) => equals(value, operand));
    case '$in':
      return someValue(document, segments, (value) => isIn(value, operand as readonly Json[]));
    case '$nin':
      return !someValue(document, segments, (value) => isIn(value, operand as readonly Json[]));
    case '$gt':
      return compares(document, segments, operand, (order) => order > 0);
    case '$gte':
      return compares(document, segments, operand, (order) => order >= 0);
    case '$lt':
      return compares(document, segments, operand, (order) => order < 0);
    case '$lte':
      return compares(document, segments, operand, (order) => order <= 0);
    case '$exists':
      return someValue(document, segments, (value) => value !== undefined) === operand;
    case '$size':
      return someValue(document, segments, (value) => Array.isArray(value) && value.length === operand);
    case '$all': {
      const wanted = operand as readonly Json[];
      if (wanted.length === 0) return false;
      return wanted.every((one) => someValue(document, segments, (value) => equals(value, one)));
    }
  }
}

function equals(value: Json | undefined, operand: Json): boolean {
  if (equalJson(value, operand)) return true;
  if (value === undefined) return operand === null;
  return Array.isArray(value) && value.some((element) => equalJson(element, operand));
}

function isIn(value: Json | undefined, operands: readonly Json[]): boolean {
  for (const operand of operands) if (equals(value, operand)) return true;
  return false;
}

function compares(
  document: JsonObject,
  segments: readonly string[],
  operand: Json,
  accepts: (order: number) => boolean,
): boolean {
  const accept = (value: Json | undefined) => sameType(value, operand) && accepts(compareJson(value, operand));
  return someValue(
    document,
    segments,
    (value) => accept(value) || (Array.isArray(value) && value.some((element) => accept(element))),
  );
}

const isIndex = /^(0|[1-9]\d*)$/;

/**
 * Whether the test holds for any value the path leads to. A path leads through every element of an array on its way, and also
 * to the element a number names. What is not there is `undefined`.
 */
export function someValue(
  from: Json | undefined,
  segments: readonly string[],
  test: (value: Json | undefined) => boolean,
  depth = 0,
): boolean {
  const segment = segments[depth];
  if (segment === undefined) return test(from);
  if (Array.isArray(from)) {
    if (isIndex.test(segment) && Number(segment) < from.length) {
      if (someValue(from[Number(segment)], segments, test, depth + 1)) return true;
    }
    return from.some((element) => isObject(element) && someValue(element, segments, test, depth));
  }
  return someValue(isObject(from) ? ownField(from, segment) : undefined, segments, test, depth + 1);
}
