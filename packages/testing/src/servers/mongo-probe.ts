import { addressOf, exchange } from './wire-exchange.ts';

const opMsg = 2013;
const bsonDouble = 0x01;
const bsonString = 0x02;
const bsonInt32 = 0x10;

/** True when the server behind a `mongodb://host:port/…` URL runs a command that needs its storage. */
export async function mongoAnswers(url: string): Promise<boolean> {
  const answer = await mongoCommand(url, { listDatabases: 1, $db: 'admin' });
  return answer !== undefined && saysOk(answer);
}

/** Runs one command and returns the raw answer, or undefined when there is none. */
export function mongoCommand(url: string, command: Record<string, string | number>): Promise<Buffer | undefined> {
  const request = mongoRequest(asBson(command));
  return exchange(addressOf(new URL(url).host), request, (head) => head.readInt32LE(0), 5000);
}

/** A flat document of strings and 32-bit integers in BSON. */
export function asBson(document: Record<string, string | number>): Buffer {
  const fields = Object.entries(document).map(([name, value]) => {
    const key = Buffer.from(`${name}\0`);
    if (typeof value === 'number') return Buffer.concat([Buffer.from([bsonInt32]), key, int32(value)]);
    const text = Buffer.from(`${value}\0`);
    return Buffer.concat([Buffer.from([bsonString]), key, int32(text.length), text]);
  });
  const content = Buffer.concat([...fields, Buffer.from([0])]);
  return Buffer.concat([int32(content.length + 4), content]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** An OP_MSG with one document: size, request id, response to, operation, flags, kind of section, document. */
export function mongoRequest(document: Buffer): Buffer {
  const header = Buffer.alloc(21);
  header.writeInt32LE(header.length + document.length, 0);
  header.writeInt32LE(1, 4);
  header.writeInt32LE(opMsg, 12);
  return Buffer.concat([header, document]);
}

/** Every answer has a field `ok`, which is the double 1 when the command ran. */
export function saysOk(answer: Buffer): boolean {
  const field = Buffer.concat([Buffer.from([bsonDouble]), Buffer.from('ok\0')]);
  const at = answer.lastIndexOf(field);
  return at >= 0 && answer.length >= at + field.length + 8 && answer.readDoubleLE(at + field.length) === 1;
}
