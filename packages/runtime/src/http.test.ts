import { Agent, get } from 'node:http';
import { expect, test } from 'vitest';
import { createHttpServer } from './http.ts';
import { createLogger } from './logger.ts';

const base = { host: '127.0.0.1', port: 0, logger: createLogger('test', 'silent') };

test('live and ready are told apart: a problem takes it out of the load, only what is stuck restarts it', async () => {
  let problems: string[] = [];
  let stuck: string[] = [];
  let providerProblems: string[] = [];
  const server = createHttpServer({
    ...base,
    plugins: [],
    problems: () => problems,
    stuck: () => stuck,
    providerProblems: () => providerProblems,
  });
  await server.start();
  const status = async (path: string) => (await server.app.inject(path)).statusCode;
  expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 200]);
  providerProblems = ['cannot send from +15005550006: login refused'];
  const ready = await server.app.inject('/health/ready');
  expect(ready.statusCode).toBe(200);
  expect(ready.json()).toEqual({ status: 'ready', problems: [], providerProblems });
  problems = ['MongoDB is away'];
  expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 503]);
  stuck = ['router handles inbound/3: no progress for 5 min'];
  const live = await server.app.inject('/health/live');
  expect(live.statusCode).toBe(503);
  expect(live.json()).toEqual({ status: 'stuck', problems: stuck });
  await server.stop();
});

test('stopping lets a running request finish, closes its connection with it, and takes no new connection', async () => {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const server = createHttpServer({
    ...base,
    problems: () => [],
    plugins: [
      async (app) => {
        app.get('/slow', async () => {
          begun.resolve();
          await gate.promise;
          return 'acknowledged';
        });
      },
    ],
  });
  await server.start();
  const agent = new Agent({ keepAlive: true });
  const answer = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path: '/slow', agent }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, connection: response.headers.connection });
    }).on('error', reject);
  });
  await begun.promise;
  const stopped = server.stop();
  gate.resolve();
  expect(await answer).toEqual({ status: 200, connection: 'close' });
  await stopped;
  await expect(fetch(`http://127.0.0.1:${server.port}/health/live`)).rejects.toThrow();
});
