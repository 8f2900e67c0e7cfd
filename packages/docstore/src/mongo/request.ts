import { type Clause, elementPath } from '../language/filter.ts';
import type { Json } from '../language/json.ts';
import type { SortKey } from '../language/listing.ts';
import type { Step } from '../language/update.ts';

type Conditions = Record<string, unknown>;

/** A checked filter in MongoDB's form. */
export function toMongoFilter(clauses: readonly Clause[]): Conditions {
  const filter: Record<string, Conditions> = {};
  const others: Conditions[] = [];
  for (const clause of clauses) {
    if (!('path' in clause)) {
      others.push({ [`$${clause.kind}`]: clause.branches.map(toMongoFilter) });
      continue;
    }
    const [operator, operand] =
      clause.kind === 'field' ? [clause.operator, clause.operand] : ['$elemMatch', toElementTest(clause.test)];
    const conditions = filter[clause.path.text];
    if (conditions === undefined) filter[clause.path.text] = { [operator]: operand };
    else if (!(operator in conditions)) conditions[operator] = operand;
    else others.push({ [clause.path.text]: { [operator]: operand } });
  }
  return others.length === 0 ? filter : { ...filter, $and: others };
}

function toElementTest({ of, clauses }: Extract<Clause, { kind: 'element' }>['test']): Conditions {
  const filter = toMongoFilter(clauses);
  return of === 'fields' ? filter : (filter[elementPath.text] as Conditions);
}

export function toMongoSort(keys: readonly SortKey[]): [string, 1 | -1][] {
  return keys.map(({ path, direction }) => [path.text, direction]);
}

/** A checked update in MongoDB's form. `$setOnInsert` is left out: inserting is ours, see `bulk-write.ts`. */
export function toMongoUpdate(steps: readonly Step[]): Record<string, Record<string, unknown>> {
  const update: Record<string, Record<string, unknown>> = {};
  for (const step of steps) {
    if (step.operator === '$setOnInsert') continue;
    update[step.operator] = { ...update[step.operator], [step.path.text]: operandOf(step) };
  }
  // An update that changes nothing still tells whether its document is there.
  return Object.keys(update).length === 0 ? { $set: {} } : update;
}

function operandOf(step: Step): unknown {
  switch (step.operator) {
    case '$push':
      return { $each: step.each, ...(step.slice === undefined ? {} : { $slice: step.slice }) };
    case '$addToSet':
      return { $each: step.each };
    case '$pull':
      return 'equal' in step.test ? (step.test.equal as Json) : toElementTest(step.test);
    default:
      return step.operand;
  }
}
