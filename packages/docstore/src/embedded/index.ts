import { checkCollectionName } from '../collection-name.ts';
import type { Collection, DocStore, Document, IndexSpec } from '../port.ts';
import { EmbeddedCollection } from './collection.ts';
import { Database, type DatabaseStatistics } from './database.ts';
import { CacheBudget, DocumentCache } from './document-cache.ts';
import { ensureIndexes } from './indexes.ts';
import { Schema } from './schema.ts';
import { Table } from './table.ts';

export type { DatabaseStatistics } from './database.ts';

export interface EmbeddedStoreOptions {
  /** Where `docstore.sqlite` is; made when it is not there. `:memory:` keeps everything in memory. */
  readonly folder: string;
  /** Bound of the documents kept parsed in memory, in characters of their JSON. */
  readonly cacheCharacters?: number;
}

/** The embedded document store, with what only it can tell. */
export interface EmbeddedStore extends DocStore {
  readonly statistics: DatabaseStatistics;
}

/** Opens the document store in a folder. Several processes may have it open at the same time. */
export async function openEmbeddedStore({
  folder,
  cacheCharacters = 8 * 1024 * 1024,
}: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const database = await Database.open(folder);
  const budget = new CacheBudget(cacheCharacters);
  const tables = new Map<string, Table>();
  const collections = new Map<string, EmbeddedCollection<Document>>();
  database.onForeignWrite = () => {
    for (const table of tables.values()) table.reload();
  };
  return {
    async collection<T extends Document>(name: string, indexes: readonly IndexSpec[] = []) {
      checkCollectionName(name);
      let table = tables.get(name);
      if (table === undefined) {
        table = new Table(database, new Schema(name), new DocumentCache(budget));
        tables.set(name, table);
        collections.set(name, new EmbeddedCollection(database, table));
      }
      await ensureIndexes(database, table, indexes);
      return collections.get(name) as unknown as Collection<T>;
    },
    inOrder: (work) => database.inOrder(work),
    problems: () => database.problems(),
    get statistics() {
      return database.statistics;
    },
    async [Symbol.asyncDispose]() {
      await database.close();
    },
  };
}
