import type { Clause, FieldClause } from '../language/filter.ts';
import { isObject, type Json } from '../language/json.ts';
import type { SortKey } from '../language/listing.ts';
import { ownersOf } from './elements-table.ts';
import { type ColumnValue, encode, type Schema } from './schema.ts';

/** Which rows may match. */
export interface Plan {
  /** A condition in SQL; `TRUE` when the columns say nothing. */
  readonly where: string;
  readonly parameters: readonly ColumnValue[];
  /** True when the rows found are exactly those that match; otherwise each document is to be checked. */
  readonly exact: boolean;
}

export interface OrderTerm {
  readonly column: string;
  readonly direction: 'ASC' | 'DESC';
}

/** More values of a `$in` than this are sorted, not merged: SQLite bounds the parts of a statement. */
const maxMerged = 200;

const everything: Plan = { where: 'TRUE', parameters: [], exact: false };

/** Says in SQL as much of a filter as the schema's columns and multikey indexes allow. */
export function planFilter(clauses: readonly Clause[], schema: Schema): Plan {
  return all(clauses.map((clause) => planClause(clause, schema)));
}

/**
 * One plan for each value of a `$in`, when an index begins with its field and goes on with the sort: the rows of each value stand in
 * order there, and merging them reads no more than are wanted, where sorting reads all that match. No row is in two of them.
 */
export function planMerged(clauses: readonly Clause[], sort: readonly SortKey[], schema: Schema): readonly Plan[] {
  for (const [at, clause] of sort.length === 0 ? [] : clauses.entries()) {
    if (clause.kind !== 'field' || clause.operator !== '$in' || schema.columnOf(clause.path) === undefined) continue;
    const values = [...new Set(clause.operand as readonly Json[])];
    if (values.length === 0 || values.length > maxMerged || !values.every(isNumberOrString)) continue;
    const isInOrder = [...schema.indexes.values()].some(({ keys: [first, ...rest], multikey }) => {
      if (multikey !== false || first?.path.text !== clause.path.text || rest.length < sort.length) return false;
      return sort.every(
        ({ path, direction }, n) => rest[n]?.path.text === path.text && rest[n]?.direction === direction,
      );
    });
    if (!isInOrder) continue;
    return values.map((operand) => planFilter(clauses.with(at, { ...clause, operator: '$eq', operand }), schema));
  }
  return [planFilter(clauses, schema)];
}

/** The ORDER BY of a sort, or undefined when the columns do not hold all of its fields. */
export function planSort(sort: readonly SortKey[], schema: Schema): readonly OrderTerm[] | undefined {
  const terms: OrderTerm[] = [];
  for (const { path, direction } of sort) {
    const column = schema.columnOf(path);
    if (column === undefined) return undefined;
    terms.push({ column, direction: direction === 1 ? 'ASC' : 'DESC' });
  }
  return terms;
}

function all(plans: readonly Plan[]): Plan {
  const useful = plans.filter((plan) => plan.where !== 'TRUE');
  return {
    where: useful.length === 0 ? 'TRUE' : useful.map((plan) => plan.where).join(' AND '),
    parameters: useful.flatMap((plan) => plan.parameters),
    exact: plans.every((plan) => plan.exact),
  };
}

function any(plans: readonly Plan[]): Plan {
  if (plans.some((plan) => plan.where === 'TRUE')) return everything;
  return {
    where: `(${plans.map((plan) => `(${plan.where})`).join(' OR ')})`,
    parameters: plans.flatMap((plan) => plan.parameters),
    exact: plans.every((plan) => plan.exact),
  };
}

function planClause(clause: Clause, schema: Schema): Plan {
  switch (clause.kind) {
    case 'and':
      return all(clause.branches.map((branch) => planFilter(branch, schema)));
    case 'or':
      return any(clause.branches.map((branch) => planFilter(branch, schema)));
    case 'element':
      return everything;
    case 'field': {
      const column = schema.columnOf(clause.path);
      if (column !== undefined) return planColumn(clause, column);
      const index = schema.multikeyIndexes.find(({ keys }) => keys[0]?.path.text === clause.path.text);
      return index === undefined ? everything : planElements(clause, ownersOf(schema, index));
    }
  }
}

const exactly = (where: string, ...parameters: readonly ColumnValue[]): Plan => ({ where, parameters, exact: true });

function planColumn({ operator, operand }: FieldClause, column: string): Plan {
  switch (operator) {
    case '$eq':
      if (operand === null) return exactly(`${column} IS NULL`);
      return isScalar(operand) ? exactly(`${column} = ?`, encode(operand)) : everything;
    case '$ne':
      if (operand === null) return exactly(`${column} IS NOT NULL`);
      return isScalar(operand) ? exactly(`${column} IS NOT ?`, encode(operand)) : everything;
    // Numbers stand before all text and text before all blobs: the second bound keeps to the operand's type.
    case '$gt':
    case '$gte':
      return exactly(
        `${column} ${operator === '$gt' ? '>' : '>='} ? AND ${column} < ${typeof operand === 'number' ? "''" : "x''"}`,
        encode(operand),
      );
    case '$lt':
    case '$lte':
      return exactly(
        `${column} ${operator === '$lt' ? '<' : '<='} ?${typeof operand === 'number' ? '' : ` AND ${column} >= ''`}`,
        encode(operand),
      );
    case '$in':
      return planIn(operand as readonly Json[], column);
    case '$nin': {
      const list = operand as readonly Json[];
      if (!list.every(isNumberOrString)) return everything;
      return exactly(`(${column} IS NULL OR ${column} NOT IN (SELECT value FROM json_each(?)))`, JSON.stringify(list));
    }
    case '$exists':
      return operand === false ? { ...exactly(`${column} IS NULL`), exact: false } : everything;
    case '$all':
    case '$size':
      return everything;
  }
}

function planIn(list: readonly Json[], column: string): Plan {
  const simple = list.filter(isNumberOrString);
  const plans = [exactly(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(simple))];
  for (const value of list) {
    if (value === null) plans.push(exactly(`${column} IS NULL`));
    else if (typeof value === 'boolean') plans.push(exactly(`${column} = ?`, encode(value)));
    else if (!isNumberOrString(value)) return everything;
  }
  return plans.length === 1 ? (plans[0] as Plan) : any(plans);
}

/** @param ownersWhere The rows that hold an element for which a condition is true, in SQL. */
function planElements({ operator, operand }: FieldClause, ownersWhere: (condition: string) => string): Plan {
  const wanted =
    operator === '$eq'
      ? [operand]
      : operator === '$in' || operator === '$all'
        ? (operand as readonly Json[])
        : undefined;
  if (wanted === undefined || wanted.length === 0 || !wanted.every(isNumberOrString)) return everything;
  const one = (value: Json) => exactly(`rowid IN (${ownersWhere('element = ?')})`, encode(value));
  if (operator === '$all') return all(wanted.map(one));
  if (wanted.length === 1) return one(wanted[0] as Json);
  return exactly(`rowid IN (${ownersWhere('element IN (SELECT value FROM json_each(?))')})`, JSON.stringify(wanted));
}

function isScalar(value: Json): boolean {
  return !Array.isArray(value) && !isObject(value);
}

function isNumberOrString(value: Json): boolean {
  return typeof value === 'number' || typeof value === 'string';
}
