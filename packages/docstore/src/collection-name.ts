import { RefusedError } from './refused-error.ts';

/** @throws RefusedError */
export function checkCollectionName(name: string): void {
  if (!/^[a-z][a-z0-9_]*$/i.test(name))
    throw new RefusedError('', `a collection's name has letters, digits and underscores, not ${JSON.stringify(name)}`);
}
