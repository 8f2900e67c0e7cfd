import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Collection, DocStore, Document, Update } from './port.ts';
import { RefusedError } from './refused-error.ts';

/**
 * Brings a service's documents from one version to the next. Code of the version before reads and writes beside it, so it adds and
 * fills what is new, and takes away only what the version before no longer reads.
 */
export interface Migration {
  /** 2 for a service's first, one more for each that follows. None is ever removed from the list. */
  readonly version: number;
  /** For the log. */
  readonly description: string;
  /**
   * Idempotent: the last part may come again after a crash, and all of it comes again before the next migration, for what code of the
   * version before wrote meanwhile.
   */
  run(docStore: DocStore, progress: MigrationProgress): Promise<void>;
}

export interface MigrationProgress {
  /** What `savePlace` kept last, when an earlier run of this migration did not come to its end. */
  readonly resumeFrom: string | undefined;
  /** Keeps how far it is, as an id to go on from. Durable when it resolves. @throws when another process has taken over. */
  savePlace(place: string): Promise<void>;
}

export interface MigrationOptions {
  /** Whose documents, as `ticketing`. */
  readonly service: string;
  /** In order, all that there ever were. This code's own version is the last one's, or 1. */
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly logger: {
    info(details: object, text: string): void;
    warn(details: object, text: string): void;
  };
}

/** In `schema_versions`, one for each service. */
interface SchemaVersion extends Document {
  /** The migrations up to this one are done. */
  readonly version: number;
  /** The oldest version of the code that understands the documents. */
  readonly oldestReader: number;
  /** The migration in hand, and how far it is. */
  readonly running?: { readonly version: number; readonly place?: string };
  readonly leaseUntilMs?: number;
  readonly leaseOf?: string;
}

/** The documents are of a release that this code is too old for. */
export class DataFromTheFutureError extends Error {
  override readonly name = 'DataFromTheFutureError';

  constructor(service: string, codeVersion: number, data: { readonly version: number; readonly oldestReader: number }) {
    super(
      `${service}: the documents are of version ${data.version}, which code from version ${data.oldestReader} on can read; this code is ` +
        `version ${codeVersion}. Start a newer release of ${service}, or restore a backup from before the upgrade.`,
    );
  }
}

const leaseMs = 30_000;
const firstWaitMs = 100;
const longestWaitMs = 5000;

/**
 * Call it before the service reads or writes its documents. Brings them to this code's version, by one process at a time, going on
 * where an earlier one stood; resolves when they are there. Documents of a newer version are taken as they are when this code can
 * read them. Before the first migration the documents are of version 1, and nothing says so. Repeats do nothing.
 * @throws DataFromTheFutureError
 * @throws RefusedError when the migrations' versions are not 2, 3, 4, …
 * @throws Error naming the migration that failed; the version stays, and the next call goes on there.
 */
export async function applyMigrations(docStore: DocStore, options: MigrationOptions): Promise<void> {
  const { service, migrations, clock, logger } = options;
  for (const [index, { version }] of migrations.entries())
    if (version !== index + 2)
      throw new RefusedError(`migrations.${index}.version`, `must be ${index + 2}, not ${version}`);
  const ownVersion = migrations.length + 1;
  const versions = await docStore.collection<SchemaVersion>('schema_versions');
  const beginning = { version: 1, oldestReader: 1 };
  for (let waited = 0; ; waited++) {
    const found = await versions.findOne({ _id: service });
    const data = found ?? beginning;
    if (ownVersion < data.oldestReader) throw new DataFromTheFutureError(service, ownVersion, data);
    if (ownVersion <= data.version) return;
    if (found === undefined) await versions.updateOne({ _id: service }, { $setOnInsert: beginning }, { upsert: true });
    const nowMs = clock.now();
    const leaseOf = randomUUID();
    const claimed = await versions.findOneAndUpdate(
      {
        _id: service,
        version: { $lt: ownVersion },
        $or: [{ leaseUntilMs: null }, { leaseUntilMs: { $lte: nowMs } }],
      },
      { $set: { leaseOf, leaseUntilMs: nowMs + leaseMs } },
    );
    if (claimed !== undefined) return migrate(docStore, versions, claimed, leaseOf, options);
    if (waited === 0) logger.info({ service }, 'waiting for the migration of another process');
    await new Promise<void>((resolve) => {
      clock.setTimer(Math.min(firstWaitMs * 2 ** waited, longestWaitMs), resolve);
    });
  }
}

/** Runs what is to be run, as the holder of the lease. */
async function migrate(
  docStore: DocStore,
  versions: Collection<SchemaVersion>,
  claimed: SchemaVersion,
  leaseOf: string,
  { service, migrations, clock, logger }: MigrationOptions,
): Promise<void> {
  const held = async (update: Update) => {
    const { matched } = await versions.updateOne({ _id: service, leaseOf }, update);
    if (matched === 0) throw new Error('another process has taken over the lease');
  };
  let timer: Disposable | undefined;
  const renewLater = () => {
    timer = clock.setTimer(leaseMs / 3, () => {
      renewLater();
      held({ $set: { leaseUntilMs: clock.now() + leaseMs } }).catch((error: unknown) =>
        logger.warn({ err: error, service }, 'the lease of the migration is not renewed'),
      );
    });
  };
  renewLater();
  const ownVersion = migrations.length + 1;
  // The last one that was done comes once more, for what older code wrote beside it.
  const first = claimed.running ?? { version: Math.max(2, claimed.version) };
  try {
    for (const migration of migrations.slice(first.version - 2)) {
      const { version, description } = migration;
      const resumeFrom = version === first.version ? first.place : undefined;
      logger.info({ service, version, description, resumeFrom }, 'migrating');
      try {
        await held({ $set: { 'running.version': version }, $max: { oldestReader: version - 1 } });
        await migration.run(docStore, { resumeFrom, savePlace: (place) => held({ $set: { 'running.place': place } }) });
        await held(
          version === ownVersion
            ? { $max: { version }, $unset: { running: true, leaseUntilMs: true, leaseOf: true } }
            : { $max: { version }, $set: { running: { version: version + 1 } } },
        );
      } catch (error) {
        const why = (error as Error).message;
        throw new Error(`${service}: the migration to version ${version} (${description}) failed: ${why}`, {
          cause: error,
        });
      }
    }
    logger.info({ service, version: ownVersion }, 'migrated');
  } catch (error) {
    // So that the next one need not wait for the end of the lease.
    await held({ $unset: { leaseUntilMs: true, leaseOf: true } }).catch((failure: unknown) =>
      logger.warn({ err: failure, service }, 'the lease of the migration stays until it ends'),
    );
    throw error;
  } finally {
    timer?.[Symbol.dispose]();
  }
}
