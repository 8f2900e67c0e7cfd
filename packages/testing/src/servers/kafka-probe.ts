import { addressOf, exchange } from './wire-exchange.ts';

const metadata = { key: 3, version: 1 };
const findCoordinator = { key: 10, version: 0 };

/**
 * True when the broker at `host:port` knows itself, has a controller, and serves consumer groups.
 *
 * Asking for a group's coordinator makes a new broker create `__consumer_offsets`, so no first consumer meets "the group
 * coordinator is not available".
 */
export async function kafkaAnswers(url: string): Promise<boolean> {
  const brokers = await ask(url, metadata, Buffer.alloc(4)); // No topics.
  if (brokers === undefined || !namesBrokerAndController(brokers)) return false;
  const coordinator = await ask(url, findCoordinator, kafkaString('tributary-probe'));
  return coordinator !== undefined && coordinator.length >= 2 && coordinator.readInt16BE(0) === 0;
}

/** The body of the broker's answer, behind the correlation id. */
async function ask(url: string, api: { key: number; version: number }, body: Buffer): Promise<Buffer | undefined> {
  const answer = await exchange(addressOf(url), kafkaRequest(api, body), (head) => head.readInt32BE(0) + 4, 2000);
  return answer?.subarray(8);
}

/** A request in Kafka's protocol: size, API, version, correlation id, client id, body. */
export function kafkaRequest(api: { key: number; version: number }, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt16BE(api.key, 0);
  header.writeInt16BE(api.version, 2);
  header.writeInt32BE(1, 4);
  const request = Buffer.concat([header, kafkaString('tributary'), body]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(request.length);
  return Buffer.concat([size, request]);
}

/** Reads Metadata v1: an array of brokers (id, host, port, rack or null), then the controller's id. */
export function namesBrokerAndController(answer: Buffer): boolean {
  const brokers = answer.readInt32BE(0);
  let at = 4;
  for (let broker = 0; broker < brokers; broker++) {
    at += 4; // id
    at += 2 + answer.readInt16BE(at); // host
    at += 4; // port
    at += 2 + Math.max(0, answer.readInt16BE(at)); // rack, -1 for none
  }
  return brokers > 0 && answer.readInt32BE(at) >= 0;
}

function kafkaString(text: string): Buffer {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(2);
  size.writeInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
