import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { topics } from '@tributary/contracts';
import { rateOf } from './rounds.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { Written } from './watched-adapters.ts';

interface RowCopy {
  readonly values: readonly SQLInputValue[];
  /** What the column `doc` says, as an object: the script serialises it, as whoever writes it must. */
  readonly document: unknown;
}

interface TableCopy {
  readonly name: string;
  readonly columns: readonly string[];
  /** In the order they were written. */
  readonly rows: readonly RowCopy[];
  /** Writes that the pipeline made to rows that were there. */
  readonly updates: number;
}

/** The rows that a run of the pipeline left behind, and the statements that make their tables and indexes. */
export interface SqlScript {
  readonly schema: readonly string[];
  readonly inbound: readonly TableCopy[];
  /** Everything but the inbound records. */
  readonly others: readonly TableCopy[];
}

/** Reads what a run of the embedded pipeline wrote. @param folder Where its log and documents are; both closed. */
export function readSqlScript(folder: string, { updates }: Written): SqlScript {
  const documents = new DatabaseSync(join(folder, 'documents', 'docstore.sqlite'), { readOnly: true });
  const log = new DatabaseSync(join(folder, 'log', 'log.db'), { readOnly: true });
  const inboundTables = new Set(
    log
      .prepare('SELECT id FROM partitions WHERE topic = ?')
      .all(topics.inbound.name)
      .map(({ id }) => `records_${id}`),
  );
  const records = copyTables(log, 'records_%', new Map());
  const script = {
    schema: [...schemaOf(documents), ...schemaOf(log)],
    inbound: records.filter(({ name }) => inboundTables.has(name)),
    others: [...copyTables(documents, '%', updates), ...records.filter(({ name }) => !inboundTables.has(name))],
  };
  documents.close();
  log.close();
  return script;
}

function schemaOf(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC")
    .all()
    .map(({ sql }) => sql as string);
}

function copyTables(database: DatabaseSync, like: string, updates: ReadonlyMap<string, number>): TableCopy[] {
  const found = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? AND name NOT LIKE 'sqlite_%'")
    .all(like);
  return found.flatMap(({ name: quoted }) => {
    const name = quoted as string;
    const columns = database
      .prepare(`PRAGMA table_info("${name}")`)
      .all()
      .map((column) => column['name'] as string);
    // Side tables of an index belong to the row that `owner` names; everything else grew at its end.
    const order = columns.includes('owner') ? 'owner' : '1';
    const rows = database.prepare(`SELECT * FROM "${name}" ORDER BY ${order}`).all().map(copyRow);
    return rows.length === 0 ? [] : [{ name, columns, rows, updates: updates.get(name) ?? 0 }];
  });
}

function copyRow(row: Record<string, SQLOutputValue>): RowCopy {
  const { doc } = row;
  return { values: Object.values(row), document: typeof doc === 'string' ? JSON.parse(doc) : undefined };
}

/**
 * The bare script: for each group of messages one transaction that makes the inbound records durable, and one that writes
 * everything that becomes of them. No decision, no look-up, no event to encode: it only serialises the documents.
 * @returns messages per second.
 */
export async function runSqlScript(script: SqlScript, messages: number, groupSize: number): Promise<number> {
  await using folder = await temporaryFolder();
  const database = new DatabaseSync(join(folder.path, 'bare.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;');
  database.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;');
  for (const sql of script.schema) database.exec(sql);
  const inbound = script.inbound.map((table) => writer(database, table));
  const others = script.others.map((table) => writer(database, table));
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const groups = Math.ceil(messages / groupSize);
  const rate = await rateOf(messages, async () => {
    for (let group = 0; group < groups; group++) {
      for (const writers of [inbound, others]) {
        begin.run();
        for (const write of writers) write(group, groups);
        commit.run();
      }
    }
  });
  database.close();
  return rate;
}

/** Writes the group's share of a table: its new rows, then as many updates of rows as the pipeline made for them. */
function writer(database: DatabaseSync, { name, columns, rows, updates }: TableCopy) {
  const insert = database.prepare(`INSERT INTO "${name}" VALUES (${columns.map(() => '?').join(', ')})`);
  const id = columns.indexOf('_id');
  const doc = columns.indexOf('doc');
  const update = doc < 0 ? undefined : database.prepare(`UPDATE "${name}" SET doc = ? WHERE _id = ?`);
  const updatesPerRow = updates / rows.length;
  return (group: number, groups: number) => {
    const from = Math.floor((group * rows.length) / groups);
    const to = Math.floor(((group + 1) * rows.length) / groups);
    for (let at = from; at < to; at++) {
      const { values, document } = rows[at] as RowCopy;
      if (document === undefined) insert.run(...values);
      else insert.run(...values.with(doc, JSON.stringify(document)));
    }
    for (let done = Math.floor(from * updatesPerRow); done < Math.floor(to * updatesPerRow); done++) {
      const row = rows[Math.floor(done / updatesPerRow)] as RowCopy;
      update?.run(JSON.stringify(row.document), row.values[id] as SQLInputValue);
    }
  };
}
