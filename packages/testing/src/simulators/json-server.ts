import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCustomer, type CustomerActions } from './customer-face.ts';

export interface JsonServer extends AsyncDisposable {
  readonly url: string;
}

/** A local server with a face for whoever plays the customer; everything else is the provider's. */
export async function startServer(
  port: number,
  customer: CustomerActions,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<JsonServer> {
  const server = createServer((request, response) => {
    answerCustomer(request, response, customer)
      .then((isAnswered) => (isAnswered ? undefined : answer(request, response)))
      .catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
