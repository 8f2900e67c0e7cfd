import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { Behaviour, CreateChannel, Provider, ProviderRequest } from '../contract/index.ts';
import { createPigeonChannel } from '../example/pigeon-channel.ts';

const secret = 'a secret of both';

export const createChannel: CreateChannel = (apiUrl, ground) =>
  createPigeonChannel([{ name: 'support', apiUrl, secret }], ground);

/** The provider of the example: signs its calls, takes letters, and drops those whose key it knows. */
export async function startPigeonPost(): Promise<Provider> {
  const letters = new Map<string, string>();
  let behaviour: Behaviour = 'well';
  let tries = 0;
  const server = createServer(async (request, response) => {
    tries += 1;
    response.setHeader('content-type', 'application/json');
    if (behaviour === 'down') return response.writeHead(503).end('{"error":"away"}');
    if (behaviour === 'busy') return response.writeHead(429, { 'retry-after': '3' }).end('{"error":"slow down"}');
    const { key, text } = JSON.parse(await textOf(request)) as { key: string; text: string };
    if (!letters.has(key)) letters.set(key, text);
    if (behaviour === 'well') response.end(JSON.stringify({ id: `letter-${key}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const call = (event: object, atMs: number): ProviderRequest => {
    const seconds = String(Math.floor(atMs / 1000));
    const body = JSON.stringify(event);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('base64');
    return {
      method: 'POST',
      path: '/channels/pigeon/support',
      headers: { 'content-type': 'application/json', 'pigeon-timestamp': seconds, 'pigeon-signature': signature },
      body,
    };
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: {
      message: ({ id, conversation, text }, _ourUrl, atMs) =>
        call({ id, type: 'message', from: { id: conversation }, text }, atMs),
      unknown: (_ourUrl, atMs) => call({ type: 'weather', wind: 'from the west' }, atMs),
    },
    received: () => [...letters.values()],
    tries: () => tries,
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
