import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyMigrations,
  DataFromTheFutureError,
  type DocStore,
  type Document,
  type Migration,
  type MigrationProgress,
} from '../src/index.ts';
import type { Place } from './contract.ts';

interface Note extends Document {
  readonly text: string;
  readonly length?: number;
}

/**
 * What `applyMigrations` promises on every adapter.
 * @param options.connections For those that migrate at once. Two of SQLite in one process would wait for each other's transaction.
 */
export function migrationsContract(
  adapter: string,
  makePlace: () => Promise<Place>,
  { connections }: { readonly connections: 1 | 2 },
): void {
  describe(`migrations: ${adapter}`, () => {
    let place: Place;
    let store: DocStore;
    let clock: ManualClock;
    let ran: string[];

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
      clock = new ManualClock();
      ran = [];
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    const logger = { info: () => {}, warn: () => {} };
    const migrate = (migrations: readonly Migration[], on = store, service = 'ticketing') =>
      applyMigrations(on, { service, migrations, clock, logger });
    const migration = (version: number, run: (progress: MigrationProgress) => Promise<void> = async () => {}) => ({
      version,
      description: `step ${version}`,
      run: (_docStore: DocStore, progress: MigrationProgress) => {
        ran.push(`${version}${progress.resumeFrom === undefined ? '' : ` from ${progress.resumeFrom}`}`);
        return run(progress);
      },
    });
    const upTo = (version: number) => Array.from({ length: version - 1 }, (_, n) => migration(n + 2));
    const kept = async (service = 'ticketing') => (await store.collection('schema_versions')).findOne({ _id: service });

    test('what was never migrated is of version 1, and code without migrations takes it', async () => {
      await migrate([]);
      expect(await kept()).toBeUndefined();
      await migrate(upTo(2));
      expect(await kept()).toEqual({ _id: 'ticketing', version: 2, oldestReader: 1 });
    });

    test('all run in order, and a second start runs none', async () => {
      await migrate(upTo(3));
      await migrate(upTo(3));
      expect(ran).toEqual(['2', '3']);
      expect(await kept()).toEqual({ _id: 'ticketing', version: 3, oldestReader: 2 });
    });

    test('each service has its own version', async () => {
      await migrate(upTo(2));
      await migrate(upTo(3), store, 'router');
      expect(await kept()).toMatchObject({ version: 2 });
      expect(await kept('router')).toMatchObject({ version: 3 });
    });

    test('two processes at once: one runs it, however long it takes, the other waits for its end', async () => {
      await using opened = new AsyncDisposableStack();
      const theirs = connections === 1 ? store : opened.use(await place.open());
      const gate = Promise.withResolvers<void>();
      const steps = [migration(2, () => gate.promise)];
      const ended: string[] = [];
      const both = Promise.all([
        migrate(steps).then(() => ended.push('ours')),
        migrate(steps, theirs).then(() => ended.push('theirs')),
      ]);
      const leaseUntilMs = async () => ((await kept()) as { leaseUntilMs?: number } | undefined)?.leaseUntilMs ?? 0;
      const startMs = clock.now();
      await until('the migration', () => ran.length > 0);
      // Three leases long, each renewal awaited, as there is time for it between two of the real clock.
      for (let n = 1; n <= 9; n++) {
        await clock.advance(10_000);
        await until('the renewal', async () => (await leaseUntilMs()) >= startMs + n * 10_000 + 30_000);
      }
      expect(ended).toEqual([]);
      gate.resolve();
      await until('both', async () => {
        await clock.advance(1000);
        return ended.length === 2;
      });
      await both;
      expect(ran).toEqual(['2']);
      expect(clock.pending).toBe(0);
    });

    test('a migration that fails half-way leaves the version, and the next start goes on where it stood', async () => {
      const notes = await store.collection<Note>('notes');
      for (const _id of ['a', 'b', 'c', 'd']) await notes.insertOne({ _id, text: `text of ${_id}` });
      const counted: string[] = [];
      const count = (failAt?: string) =>
        migration(2, async ({ resumeFrom, savePlace }) => {
          const filter = resumeFrom === undefined ? {} : { _id: { $gt: resumeFrom } };
          for (const { _id, text } of await notes.find(filter, { sort: { _id: 1 } })) {
            if (_id === failAt) throw new Error('out of paper');
            await notes.updateOne({ _id }, { $set: { length: text.length } });
            counted.push(_id);
            await savePlace(_id);
          }
        });
      await expect(migrate([count('c')])).rejects.toThrow(
        'ticketing: the migration to version 2 (step 2) failed: out of paper',
      );
      expect(await kept()).toEqual({
        _id: 'ticketing',
        version: 1,
        oldestReader: 1,
        running: { version: 2, place: 'b' },
      });
      await migrate([]);
      await migrate([count()]);
      expect(ran).toEqual(['2', '2 from b']);
      expect(counted).toEqual(['a', 'b', 'c', 'd']);
      expect(await notes.count({ length: 9 })).toBe(4);
      expect(await kept()).toEqual({ _id: 'ticketing', version: 2, oldestReader: 1 });
    });

    test('who lost the lease can neither keep a place nor move the version', async () => {
      const lost = migration(2, async ({ savePlace }) => {
        const versions = await store.collection('schema_versions');
        await versions.updateOne({ _id: 'ticketing' }, { $set: { leaseOf: 'another' } });
        await savePlace('mine');
      });
      await expect(migrate([lost])).rejects.toThrow('another process has taken over the lease');
      expect(await kept()).toMatchObject({ version: 1, leaseOf: 'another', running: { version: 2 } });
    });

    test('what the version before wrote beside the new one is migrated before the next step', async () => {
      const notes = await store.collection<Note>('notes');
      const count = migration(2, async () => {
        for (const { _id, text } of await notes.find({ length: null }))
          await notes.updateOne({ _id }, { $set: { length: text.length } });
      });
      await migrate([count]);
      await migrate([]);
      await notes.insertOne({ _id: 'late', text: 'by version 1' });
      const all = migration(3, async () => expect(await notes.count({ length: null })).toBe(0));
      await migrate([count, all]);
      expect(ran).toEqual(['2', '2', '3']);
    });

    test('code one version older takes the data, and changes nothing about their version', async () => {
      await migrate(upTo(3));
      await migrate(upTo(2));
      expect(ran).toEqual(['2', '3']);
      expect(await kept()).toMatchObject({ version: 3, oldestReader: 2 });
    });

    test('code two versions older is refused, from the moment the migration begins', async () => {
      await migrate(upTo(2));
      const refused = async () => {
        const failure = migrate([]);
        await expect(failure).rejects.toBeInstanceOf(DataFromTheFutureError);
        await failure.catch(({ message }: Error) => expect(message).toMatch(/^ticketing: .* this code is version 1\./));
      };
      await migrate([migration(2), migration(3, refused)]);
      await expect(migrate([])).rejects.toThrow(
        'ticketing: the documents are of version 3, which code from version 2 on can read; this code is version 1. ' +
          'Start a newer release of ticketing, or restore a backup from before the upgrade.',
      );
    });

    test('a list of migrations with a gap is refused', async () => {
      await expect(migrate([migration(3)])).rejects.toThrow('migrations.0.version: must be 2, not 3');
    });
  });
}
