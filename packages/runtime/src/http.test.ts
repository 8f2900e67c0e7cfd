import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createHttpServer } from './http.ts';
import { createLogger } from './logger.ts';

/** A server whose one route answers when it is told to. */
async function slowServer() {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const server = createHttpServer({
    plugins: [
      async (app) => {
        app.post('/take', async () => {
          begun.resolve();
          await gate.promise;
          return 'taken';
        });
      },
    ],
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('test', 'silent'),
    problems: () => [],
  });
  await server.start();
  return { server, gate, begun };
}

function send(method: string, port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ method, port, path, agent, host: '127.0.0.1' }, (response) => text(response).then(resolve, reject))
      .on('error', reject)
      .end();
  });
}

test('a request in hand is answered before the server stops, and idle connections do not hold it up', async () => {
  const { server, gate, begun } = await slowServer();
  const agent = new Agent({ keepAlive: true });
  await send('GET', server.port, '/health/live', agent);
  const answer = send('POST', server.port, '/take', new Agent({ keepAlive: true }));
  await begun.promise;
  const stopped = server.stop();
  // A new connection is refused from here on: whoever balances goes elsewhere.
  await expect
    .poll(() => send('GET', server.port, '/health/live', new Agent()).catch((error: Error) => error.message))
    .toContain('ECONNREFUSED');
  gate.resolve();
  expect(await answer).toBe('taken');
  await stopped;
  agent.destroy();
});
