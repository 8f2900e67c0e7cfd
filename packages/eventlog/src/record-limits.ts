import { LogRefusedError, type NewRecord } from './port.ts';

/** Largest value in bytes. Kafka takes 1 MiB with headers and framing by default, and both adapters refuse alike. */
export const maxValueBytes = 1_000_000;
/** Most characters in key and headers together: 12,000 of three bytes each still fit beside the largest value. */
const maxHeaderCharacters = 12_000;

/** @throws LogRefusedError naming what is wrong with the record and what is allowed. */
export function checkRecord(record: NewRecord): void {
  if (record.key === '') refuse(record, 'its key is empty');
  if (record.value.byteLength > maxValueBytes)
    refuse(record, `its value has ${record.value.byteLength} bytes, at most ${maxValueBytes} are allowed`);
  let characters = record.key.length;
  for (const name in record.headers) characters += name.length + (record.headers[name] as string).length;
  if (characters > maxHeaderCharacters)
    refuse(record, `its key and headers have ${characters} characters, at most ${maxHeaderCharacters} are allowed`);
}

function refuse(record: NewRecord, reason: string): never {
  throw new LogRefusedError(
    `record ${record.headers['ce_id'] ?? '(no ce_id)'} for ${record.topic} is refused: ${reason}`,
  );
}
