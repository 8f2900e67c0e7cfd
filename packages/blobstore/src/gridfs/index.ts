import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  Binary,
  type GridFSChunk,
  type GridFSFile,
  MongoBulkWriteError,
  MongoClient,
  type MongoServerError,
} from 'mongodb';
import { isKey } from '../content.ts';
import type { BlobStore, StoredBlob } from '../port.ts';
import { spool } from '../spool.ts';
import { removeAbandoned } from '../temporary-file.ts';

export interface GridFsStoreOptions {
  /** A connection string, `mongodb://…`. */
  readonly url: string;
  /** Default: the one the URL names, else `tributary`. */
  readonly database?: string;
  /** How long an operation waits for the database to come back before it rejects. */
  readonly waitMs?: number;
}

/** GridFS's default. */
const chunkBytes = 255 * 1024;
const chunksPerRequest = 4;
const duplicateKey = 11000;

type File = Omit<GridFSFile, '_id'> & { _id: string };
/** The id is made from key and number, so that the id alone makes a chunk unique (GridFS leaves it open). */
type Chunk = Omit<GridFSChunk, '_id' | 'files_id' | 'data'> & { _id: string; files_id: string; data: Binary };

/**
 * Opens a blob store on GridFS (`blobs.files`, `blobs.chunks`). A blob's id is its SHA-256, so writing it again, at the same time or after a
 * crash half-way, writes the same chunks under the same ids and changes nothing. It is there once its file document is, which comes last.
 * Content above 256 KB waits in a file of the system's temporary folder until its hash is known.
 */
export async function openGridFsStore({ url, database, waitMs = 15_000 }: GridFsStoreOptions): Promise<BlobStore> {
  const spoolFolder = join(tmpdir(), 'tributary-blobs');
  await mkdir(spoolFolder, { recursive: true });
  await removeAbandoned(spoolFolder);
  const client = new MongoClient(url, {
    writeConcern: { w: 'majority', journal: true },
    serverSelectionTimeoutMS: waitMs,
    connectTimeoutMS: 5000,
    socketTimeoutMS: 60_000,
    appName: 'tributary',
  });
  const db = client.db(database ?? databaseOf(url));
  const files = db.collection<File>('blobs.files');
  const chunks = db.collection<Chunk>('blobs.chunks');
  let indexed: Promise<string> | undefined;

  async function put(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { maxBytes = Number.POSITIVE_INFINITY } = {},
  ): Promise<StoredBlob> {
    await using spooled = await spool(content, { maxBytes, folder: spoolFolder });
    const { sha256: key, size, chunks: small, file } = spooled;
    if ((await sizeOf(key)) === undefined) {
      await store(key, size, file === undefined ? pieces(Buffer.concat(small)) : file.read(chunkBytes));
    }
    return { key, size, sha256: key };
  }

  async function store(key: string, length: number, data: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    indexed ??= chunks.createIndex({ files_id: 1, n: 1 });
    await indexed.catch((error: unknown) => {
      indexed = undefined;
      throw error;
    });
    let n = 0;
    let batch: Chunk[] = [];
    for await (const piece of data) {
      batch.push({ _id: `${key}:${n}`, files_id: key, n, data: new Binary(piece) });
      n++;
      if (batch.length < chunksPerRequest) continue;
      await unlessThere(chunks.insertMany(batch, { ordered: false }));
      batch = [];
    }
    if (batch.length > 0) await unlessThere(chunks.insertMany(batch, { ordered: false }));
    const file = { _id: key, length, chunkSize: chunkBytes, uploadDate: new Date(), filename: key };
    await unlessThere(files.insertOne(file));
  }

  async function get(key: string): Promise<Readable | undefined> {
    const size = await sizeOf(key);
    return size === undefined ? undefined : Readable.from(read(key, size), { objectMode: false });
  }

  /** Not the driver's own download stream: that takes 16 MB in one reply. */
  async function* read(key: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    let received = 0;
    for await (const { data } of chunks.find({ files_id: key }, { sort: { n: 1 }, batchSize: chunksPerRequest })) {
      received += data.length();
      yield data.value();
    }
    if (received !== size) throw new Error(`blob ${key} has ${received} of ${size} bytes`);
  }

  async function sizeOf(key: string): Promise<number | undefined> {
    if (!isKey(key)) return undefined;
    return (await files.findOne({ _id: key }, { projection: { length: 1 } }))?.length;
  }

  return { put, get, size: sizeOf, [Symbol.asyncDispose]: () => client.close() };
}

/** The database a connection string names. Not by `URL`, which knows no list of hosts. */
function databaseOf(url: string): string {
  return /^[^:]+:\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? 'tributary';
}

function* pieces(content: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

/** Waits for inserts; what is there already has the same content. */
async function unlessThere(insert: Promise<unknown>): Promise<void> {
  try {
    await insert;
  } catch (error) {
    const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [error];
    const isDuplicate = (failure: unknown) => (failure as MongoServerError).code === duplicateKey;
    if (failures.length === 0 || !failures.every(isDuplicate)) throw error;
  }
}
