import { addressOf, exchange } from './wire-exchange.ts';

const opMsg = 2013;

/** True when the server behind a `mongodb://host:port/…` URL runs a command that needs its storage. */
export async function mongoAnswers(url: string): Promise<boolean> {
  const request = mongoRequest(bsonCommand('listDatabases', 'admin'));
  const address = addressOf(new URL(url).host);
  const answer = await exchange(address, request, (head) => head.readInt32LE(0), 5000);
  return answer !== undefined && saysOk(answer);
}

/** The document `{ [name]: 1, $db: database }` in BSON. */
export function bsonCommand(name: string, database: string): Buffer {
  const one = Buffer.from([1, 0, 0, 0]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(Buffer.byteLength(database) + 1);
  const int32 = 0x10;
  const text = 0x02;
  const fields = Buffer.concat([
    Buffer.from([int32]),
    Buffer.from(`${name}\0`),
    one,
    Buffer.from([text]),
    Buffer.from('$db\0'),
    size,
    Buffer.from(`${database}\0`),
    Buffer.from([0]),
  ]);
  const whole = Buffer.alloc(4);
  whole.writeInt32LE(fields.length + 4);
  return Buffer.concat([whole, fields]);
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
  const double = 0x01;
  const field = Buffer.concat([Buffer.from([double]), Buffer.from('ok\0')]);
  const at = answer.lastIndexOf(field);
  return at >= 0 && answer.length >= at + field.length + 8 && answer.readDoubleLE(at + field.length) === 1;
}
