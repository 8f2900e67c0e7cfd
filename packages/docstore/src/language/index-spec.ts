import type { IndexSpec } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import { parseSort, type SortKey } from './listing.ts';

/** An index spec with its defaults. */
export interface Index {
  readonly name: string;
  readonly keys: readonly SortKey[];
  readonly unique: boolean;
  readonly multikey: boolean | 'many';
}

/** Checks an index spec. @throws RefusedError naming the index. */
export function parseIndexSpec(spec: IndexSpec): Index {
  const keys = parseSort(spec.keys);
  const name = spec.name ?? keys.map(({ path, direction }) => `${path.text}_${direction}`).join('_');
  if (keys.length === 0) throw new RefusedError(name, 'an index needs keys');
  if (spec.unique && spec.multikey) throw new RefusedError(name, 'a multikey index cannot be unique');
  return { name, keys, unique: spec.unique ?? false, multikey: spec.multikey ?? false };
}
