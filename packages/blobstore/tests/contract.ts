import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlobStore, BlobTooLargeError } from '../src/index.ts';

/** Where one test's blobs are. */
export interface Place extends AsyncDisposable {
  open(): Promise<BlobStore>;
  /** How many blobs are visible there, and how much is kept for them and otherwise (temporary files, chunks). */
  inspect(): Promise<{ readonly blobs: number; readonly leftovers: number }>;
}

/** What every adapter of the blobstore port promises. */
export function blobStoreContract(adapter: string, makePlace: () => Promise<Place>): void {
  describe(`blobstore contract: ${adapter}`, () => {
    let place: Place;
    let store: BlobStore;

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    const contentOf = async (key: string) => {
      const stream = await store.get(key);
      return stream && (await buffer(stream));
    };
    const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

    test.each([0, 1, 4096, 255 * 1024, 256 * 1024, 256 * 1024 + 1, 1024 * 1024])(
      'what was put comes back, %i bytes',
      async (size) => {
        const content = randomBytes(size);
        const blob = await store.put(content);
        expect(blob).toMatchObject({ size, sha256: sha256(content) });
        expect(Buffer.compare((await contentOf(blob.key)) as Buffer, content)).toBe(0);
        expect(await store.size(blob.key)).toBe(size);
      },
    );

    test('a stream in odd chunks comes back whole', async () => {
      const content = randomBytes(700_001);
      const chunks = [
        content.subarray(0, 1),
        content.subarray(1, 300_000),
        new Uint8Array(),
        content.subarray(300_000),
      ];
      const blob = await store.put(Readable.from(chunks));
      expect(Buffer.compare((await contentOf(blob.key)) as Buffer, content)).toBe(0);
    });

    test('the same content is one blob, also when it comes several times at once', async () => {
      for (const content of [randomBytes(1000), randomBytes(600_000)]) {
        const before = await place.inspect();
        const keys = await Promise.all(
          Array.from({ length: 10 }, (_, n) => store.put(n % 2 === 0 ? content : Readable.from([content]))),
        );
        expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
        await store.put(content);
        expect((await place.inspect()).blobs).toBe(before.blobs + 1);
        expect(Buffer.compare((await contentOf(keys[0]?.key as string)) as Buffer, content)).toBe(0);
      }
      expect((await place.inspect()).leftovers).toBe(0);
    });

    test('20 MB stream through in bounded memory', { timeout: 60_000 }, async () => {
      const piece = randomBytes(64 * 1024);
      const rounds = 320;
      const hash = createHash('sha256');
      setFlagsFromString('--expose-gc');
      const collectGarbage = runInNewContext('gc') as () => void;
      const heldBytes = () => {
        // A collection may finish a marking that began earlier and spare what died since, and it frees array buffers beside the
        // program; the second one waits for that and takes the rest.
        collectGarbage();
        collectGarbage();
        return process.memoryUsage().arrayBuffers;
      };
      const before = heldBytes();
      let peak = 0;
      async function* content() {
        for (let n = 0; n < rounds; n++) {
          const chunk = Buffer.from(piece);
          chunk.writeUInt32LE(n);
          hash.update(chunk);
          if (n % 32 === 0) peak = Math.max(peak, heldBytes() - before);
          yield chunk;
        }
      }
      const blob = await store.put(content());
      expect(blob).toMatchObject({ size: piece.length * rounds, sha256: hash.digest('hex') });
      const read = createHash('sha256');
      let received = 0;
      for await (const chunk of (await store.get(blob.key)) as Readable) {
        read.update(chunk);
        if (received++ % 32 === 0) peak = Math.max(peak, heldBytes() - before);
      }
      expect(read.digest('hex')).toBe(blob.sha256);
      expect(peak).toBeLessThan(8 * 1024 * 1024);
    });

    test.each([100, 500_000])('more than the limit of %i bytes is refused and nothing is kept', async (maxBytes) => {
      let ended = false;
      async function* endless() {
        try {
          for (;;) yield randomBytes(64 * 1024);
        } finally {
          ended = true;
        }
      }
      await expect(store.put(endless(), { maxBytes })).rejects.toMatchObject({ name: 'BlobTooLargeError', maxBytes });
      expect(ended).toBe(true);
      await expect(store.put(randomBytes(maxBytes + 1), { maxBytes })).rejects.toBeInstanceOf(BlobTooLargeError);
      expect((await store.put(randomBytes(maxBytes), { maxBytes })).size).toBe(maxBytes);
      expect(await place.inspect()).toEqual({ blobs: 1, leftovers: 0 });
    });

    test.each([1, 30])(
      'content that fails after %i chunks rejects with its error and nothing is kept',
      async (chunks) => {
        async function* failing() {
          for (let n = 0; n < chunks; n++) yield randomBytes(64 * 1024);
          throw new Error('the connection broke');
        }
        await expect(store.put(failing())).rejects.toThrow('the connection broke');
        expect(await place.inspect()).toEqual({ blobs: 0, leftovers: 0 });
      },
    );

    test.each(['0'.repeat(64), '', 'nothing', '../../etc/passwd', `${'0'.repeat(62)}/.`])(
      'there is no blob under %j',
      async (key) => {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.size(key)).toBeUndefined();
      },
    );

    test('what resolved is there for whoever opens the store next', async () => {
      const { key } = await store.put(Buffer.from('hello'));
      await store[Symbol.asyncDispose]();
      store = await place.open();
      expect((await contentOf(key))?.toString()).toBe('hello');
    });

    test('64 puts at once', async () => {
      const contents = Array.from({ length: 64 }, () => randomBytes(4096));
      const blobs = await Promise.all(contents.map((content) => store.put(content)));
      for (const [n, { key }] of blobs.entries())
        expect(Buffer.compare((await contentOf(key)) as Buffer, contents[n] as Buffer)).toBe(0);
    });
  });
}
