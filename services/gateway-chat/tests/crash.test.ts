import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { inboundOf, openStores, startReplica, TestClient } from './chat-harness.ts';

const script = fileURLToPath(new URL('./gateway-process.ts', import.meta.url));
const kills = 3;
const visitors = 6;

interface Visitor {
  readonly name: string;
  readonly acked: string[];
  token?: string | undefined;
}

/** Writes one message after the other, each until it is acknowledged, over whatever happens to the server. */
async function visit(visitor: Visitor, port: () => number, isOver: () => boolean): Promise<void> {
  const { name, acked } = visitor;
  let text = `${name} 0`;
  let clientId = crypto.randomUUID();
  while (!isOver()) {
    try {
      const client = await TestClient.open(`ws://127.0.0.1:${port()}/chat/v1/ws`);
      client.send({ type: 'hello', version: 1, site: 'demo', token: visitor.token });
      visitor.token = (await untilClosed(client, () => client.of('welcome')[0]))?.token ?? visitor.token;
      while (client.closeCode === undefined && !isOver()) {
        client.send({ type: 'message', clientId, text });
        const ack = await untilClosed(client, () => client.of('ack').find((frame) => frame.clientId === clientId));
        if (ack === undefined) break;
        acked.push(text);
        text = `${name} ${acked.length}`;
        clientId = crypto.randomUUID();
      }
      client.socket.terminate();
    } catch {
      // The server is down; it comes back.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function untilClosed<T>(client: TestClient, probe: () => T | undefined): Promise<T | undefined> {
  return until(
    'an answer or the end',
    () => {
      const found = probe();
      if (found !== undefined) return { found };
      return client.closeCode === undefined ? undefined : { found: undefined };
    },
    { everyMs: 1 },
  ).then(({ found }) => found);
}

test('I1, I2: over kill -9 nothing acknowledged is lost or twice, and order is kept in the log and in the transcript', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-chat-crash-'));
  let server: ChildProcess | undefined;
  let port = 0;
  const start = async () => {
    server = spawn(process.execPath, ['--conditions=@tributary/source', script, folder, String(port)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = await once(server.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    port = Number(String(line));
  };
  await start();
  let isOver = false;
  const people: Visitor[] = Array.from({ length: visitors }, (_, index) => ({ name: `v${index}`, acked: [] }));
  const total = () => people.reduce((sum, { acked }) => sum + acked.length, 0);
  const writing = people.map((visitor) =>
    visit(
      visitor,
      () => port,
      () => isOver,
    ),
  );
  for (let kill = 0; kill < kills; kill++) {
    const before = total();
    await until('some messages', () => total() > before + 20 + kill * 7, { timeoutMs: 60_000, everyMs: 1 });
    server?.kill('SIGKILL');
    await once(server as ChildProcess, 'exit');
    await start();
  }
  const before = total();
  await until('messages after the last start', () => total() > before + 20, { timeoutMs: 60_000 });
  isOver = true;
  await Promise.all(writing);
  server?.kill('SIGKILL');
  await once(server as ChildProcess, 'exit');

  await using stores = await openStores(folder);
  await using replica = await startReplica(stores);
  const inbound = await inboundOf(stores.eventLog);
  const log = () => [...new Map(inbound.map((message) => [message.id, message.text])).values()];
  await until('the log to be read', () => log().length >= total());
  for (const { name, acked, token } of people) {
    const client = await replica.join({ token });
    await until('the transcript', () => client.texts.length >= Number(client.of('welcome')[0]?.lastSequence));
    expect(client.texts.slice(0, acked.length)).toEqual(acked);
    // One more may have been taken whose acknowledgement was lost.
    expect(client.texts.length - acked.length).toBeLessThanOrEqual(1);
    expect(client.of('message').map((frame) => frame.sequence)).toEqual(client.texts.map((_, at) => at + 1));
    expect(
      log()
        .filter((text) => text.startsWith(`${name} `))
        .slice(0, acked.length),
    ).toEqual(acked);
  }
  await rm(folder, { recursive: true });
}, 180_000);
