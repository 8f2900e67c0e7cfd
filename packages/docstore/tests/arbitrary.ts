import fc from 'fast-check';
import type { Document, Filter, Update } from '../src/index.ts';

/** Documents, filters and updates that meet often: few fields, few values. */
export interface Vocabulary {
  readonly document: fc.Arbitrary<Omit<Document, '_id'>>;
  readonly filter: fc.Arbitrary<Filter>;
  readonly update: fc.Arbitrary<Update>;
}

const number = fc.constantFrom(-1, 0, 1, 2, 2.5);
const string = fc.constantFrom('', 'a', 'b', 'ä');
const scalar = fc.oneof(number, string, fc.boolean(), fc.constant(null));
const comparable = fc.oneof(number, string);

/**
 * @param known What the reference gets right. Other than MongoDB, mingo takes `{x: 1, y: 2}` for `{y: 2, x: 1}`, looks deeper into nested
 * arrays, lets `$all` match no single value, `$elemMatch` by fields a plain element and a path through an array no missing one, forgets `$slice` on a
 * new array, and makes `$addToSet` remove what was twice.
 */
export function vocabulary(known: 'all of MongoDB' | 'what mingo shares with it'): Vocabulary {
  const all = known === 'all of MongoDB';
  const object = fc.record({ x: scalar, y: scalar }, { requiredKeys: [] });
  const list = fc.array(all ? fc.oneof(scalar, object) : scalar, { maxLength: 3 });
  const value = all ? fc.oneof(scalar, list, object) : fc.oneof(scalar, list);
  const objects = fc.array(object, { maxLength: 3 });
  const document = fc.record(
    { text: string, s: scalar, n: number, v: value, o: object, l: list, e: objects },
    { requiredKeys: [] },
  );
  const scalarPath = fc.constantFrom('s', 'n', 'o.x', 'o.y');
  const path = fc.oneof(
    scalarPath,
    fc.constantFrom('v', 'l', ...(all ? ['e.x', 'o', 'e', 'e.0', 'e.1.y', 'l.0', 'v.x'] : [])),
  );

  const condition = fc.oneof(
    fc.record({ $eq: all ? value : scalar }),
    fc.record({ $ne: all ? value : scalar }),
    fc.record({ $gt: comparable }),
    fc.record({ $gte: comparable, $lt: comparable }),
    fc.record({ $lte: comparable }),
    fc.record({ $in: fc.array(all ? value : comparable, { maxLength: 3 }) }),
    fc.record({ $nin: fc.array(all ? value : comparable, { maxLength: 3 }) }),
    fc.record({ $exists: fc.boolean() }),
    fc.record({ $size: fc.nat(2) }),
    fc.record({ $elemMatch: fc.record({ $gt: number, $lt: number }) }),
    ...(all ? [fc.record({ $elemMatch: fc.record({ x: comparable }) })] : []),
    ...(all ? [fc.record({ $all: fc.array(comparable, { minLength: 1, maxLength: 2 }) })] : []),
  );
  const plain = fc.dictionary(path, fc.oneof(scalar, condition), { minKeys: 1, maxKeys: 3 });
  const filter = fc.oneof(
    { weight: 3, arbitrary: plain },
    fc.record({ $or: fc.array(plain, { minLength: 1, maxLength: 3 }) }),
    fc.record({ $and: fc.array(plain, { minLength: 1, maxLength: 3 }), n: number }),
  );

  const fields = <T>(
    values: fc.Arbitrary<T>,
    paths: fc.Arbitrary<string> = fc.oneof(scalarPath, fc.constantFrom('l', 'new', 'deep.er')),
  ) => fc.dictionary(paths, values, { minKeys: 1, maxKeys: 2 });
  const lists = fc.constantFrom('l', 'e', 'new', ...(all ? ['v', 's'] : []));
  // Else a later $inc would be refused, which mingo does not know.
  const measured = fc.constantFrom('s', 'o.x', ...(all ? ['n'] : []));
  const pushed = all ? fc.oneof(scalar, list) : scalar;
  const update = fc.oneof(
    fc.record({
      $set: fields(
        all ? value : scalar,
        fc.constantFrom('s', 'o.x', 'v', 'deep.er', ...(all ? ['l', 'e', 'new'] : [])),
      ),
    }),
    fc.record({ $unset: fields(fc.constant(true as const)) }),
    fc.record({
      $inc: fields(
        number, // Not what may hold a boolean: DocumentDB takes it for 0 or 1, MongoDB refuses.
        fc.constantFrom('n', 'count', ...(all ? ['text'] : [])),
      ),
    }),
    fc.record({ $min: fields(comparable, measured) }),
    fc.record({ $max: fields(comparable, measured) }),
    fc.record({ $push: fields(pushed, lists) }),
    ...(all
      ? [
          fc.record({
            $push: fields(
              fc.record({
                $each: fc.array(scalar, { minLength: 1, maxLength: 3 }),
                $slice: fc.integer({ min: -3, max: -1 }),
              }),
              lists,
            ),
          }),
        ]
      : []),
    ...(all ? [fc.record({ $addToSet: fields(pushed, lists) })] : []),
    fc.record({ $pull: fields(fc.oneof(scalar, fc.record({ $gte: number })), lists) }),
    fc.record({ $set: fc.record({ s: scalar }), $inc: fc.record({ n: number }), $push: fc.record({ l: scalar }) }),
  );
  return { document, filter, update } as Vocabulary;
}
