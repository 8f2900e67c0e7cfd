import { endOfHead, maxHeadBytes } from '../domain/header-block.ts';

/** Splits a mail after its header block. A header block that does not end in time is cut. */
export async function takeHead(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  let end: number | undefined;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) break;
    bytes = bytes.length === 0 ? Buffer.from(value) : Buffer.concat([bytes, value]);
    end = endOfHead(bytes);
    if (end !== undefined || bytes.length > maxHeadBytes) break;
  }
  let at = end ?? Math.min(bytes.length, maxHeadBytes);
  let head: Uint8Array = bytes.subarray(0, at);
  if (at > maxHeadBytes || (end === undefined && at < bytes.length)) {
    at = bytes.lastIndexOf(0x0a, Math.min(at, maxHeadBytes)) + 1 || maxHeadBytes;
    head = Buffer.concat([bytes.subarray(0, at), Buffer.from('\r\n')]);
  }
  return {
    head,
    rest: (async function* () {
      if (at < bytes.length) yield bytes.subarray(at);
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    })(),
  };
}

/** The lines of a chunk without their ends; a line that goes on in the next chunk is simply two parts. */
export function* linesOf(chunk: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
    const end = at > start && chunk[at - 1] === 0x0d ? at - 1 : at;
    if (end > start) yield chunk.subarray(start, end);
    yield chunk.subarray(0, 0);
    start = at + 1;
  }
  const last = chunk[chunk.length - 1] === 0x0d ? chunk.length - 1 : chunk.length;
  if (start < last) yield chunk.subarray(start, last);
}
