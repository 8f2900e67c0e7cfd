import type { JsonDocument } from '../language/json.ts';

/** A document as it stands in its table. */
export interface Row {
  readonly rowid: number;
  readonly document: JsonDocument;
  /** Length of its JSON text. */
  readonly characters: number;
}

/**
 * The documents last used, parsed, by id; one cache for each collection, one budget for all. Two generations instead of a list
 * of uses: when the young one has used up the budget it becomes the old one, and what is used again moves back.
 */
export class DocumentCache {
  readonly #budget: CacheBudget;
  #young = new Map<string, Row>();
  #old = new Map<string, Row>();

  constructor(budget: CacheBudget) {
    this.#budget = budget;
    budget.caches.push(this);
  }

  get(id: string): Row | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(id, old);
    return old;
  }

  set(id: string, row: Row): void {
    this.#young.set(id, row);
    this.#budget.use(row.characters);
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** How much all caches of a store may hold. */
export class CacheBudget {
  readonly caches: DocumentCache[] = [];
  readonly #generationCharacters: number;
  #used = 0;

  /** @param characters Bound of the JSON text of all documents kept. */
  constructor(characters: number) {
    this.#generationCharacters = characters / 2;
  }

  /** Counts a document set, also when it replaces another: what is written often ages the rest a little sooner. */
  use(characters: number): void {
    this.#used += characters;
    if (this.#used <= this.#generationCharacters) return;
    this.#used = 0;
    for (const cache of this.caches) cache.age();
  }
}
