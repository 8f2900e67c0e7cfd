import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { runConsole } from './running-console.ts';

test('what is asked of a simulator is passed on, as JSON alone', async () => {
  const asked: string[] = [];
  const simulator = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url} ${await textOf(request)}`);
    response.writeHead(201).end('{"id":"7"}');
  });
  await new Promise<void>((resolve) => simulator.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void simulator.close());
  const telegram = `http://127.0.0.1:${(simulator.address() as AddressInfo).port}`;
  await using running = await runConsole({ simulators: { telegram } });
  expect(await (await fetch(`${running.url}/simulators`)).json()).toEqual({ telegram });
  const post = (path: string, type: string) =>
    fetch(`${running.url}/simulators/${path}`, {
      method: 'POST',
      body: '{"text":"x"}',
      headers: { 'content-type': type },
    });
  const taken = await post('telegram/message', 'application/json');
  expect([taken.status, await taken.json()]).toEqual([201, { id: '7' }]);
  await fetch(`${running.url}/simulators/telegram/answers?customer=%2B1`);
  expect(asked).toEqual(['POST /simulator/message {"text":"x"}', 'GET /simulator/answers?customer=%2B1 ']);
  expect((await post('telegram/message', 'text/plain')).status, "a foreign site's form").toBe(415);
  expect((await post('weibo/message', 'application/json')).status).toBe(404);
  expect(asked).toHaveLength(2);
});
