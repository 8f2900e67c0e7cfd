import type { Batch, LogRecord } from './port.ts';

export interface DecodedRecord<T> {
  readonly record: LogRecord;
  readonly message: T;
}

/**
 * Decodes a batch, in order. A record that `decode` throws on can never be handled: it goes to the dead letters with what
 * was thrown as its cause, and the others go on. Resolves when all dead letters are durable; rejects when they cannot be
 * stored, so that the batch comes again and nothing is lost.
 * @param decode Pure: whatever it throws is the record's fault, never an outage's.
 */
export async function decodeBatch<T>(batch: Batch, decode: (record: LogRecord) => T): Promise<DecodedRecord<T>[]> {
  const decoded: DecodedRecord<T>[] = [];
  const malformed: Promise<void>[] = [];
  for (const record of batch.records) {
    try {
      decoded.push({ record, message: decode(record) });
    } catch (error) {
      malformed.push(batch.deadLetter(record, error instanceof Error ? error : new Error(String(error))));
    }
  }
  await Promise.all(malformed);
  return decoded;
}
