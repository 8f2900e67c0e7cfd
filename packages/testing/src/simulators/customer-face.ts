import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

/** What somebody who plays the customer may do, by method and path below `/simulator/`: `POST message`, `GET answers`. */
export type CustomerActions = Readonly<
  Record<string, (input: Readonly<Record<string, unknown>>) => unknown | Promise<unknown>>
>;

/** A wrong request of whoever plays the customer. */
class CustomerMistake extends Error {
  override readonly name = 'CustomerMistake';
}

/**
 * The face of a simulator for the command line and the start page: JSON in, JSON out. The provider has no such thing.
 * @returns false when the request is for the provider.
 */
export async function answerCustomer(
  request: IncomingMessage,
  response: ServerResponse,
  actions: CustomerActions,
): Promise<boolean> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator');
  if (!pathname.startsWith('/simulator/')) return false;
  const reply = (status: number, body: unknown) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const action = actions[`${request.method} ${pathname.slice('/simulator/'.length)}`];
  if (action === undefined) {
    reply(404, { message: `there is only ${Object.keys(actions).join(', ')}` });
    return true;
  }
  try {
    const input = request.method === 'GET' ? Object.fromEntries(searchParams) : JSON.parse(await textOf(request));
    reply(200, await action(input as Record<string, unknown>));
  } catch (error) {
    const isMistake = error instanceof CustomerMistake || error instanceof SyntaxError;
    reply(isMistake ? 400 : 500, { message: (error as Error).message });
  }
  return true;
}

/** @throws CustomerMistake */
export function textIn(input: Readonly<Record<string, unknown>>, field: string): string {
  const value = input[field];
  if (typeof value !== 'string' || value === '') throw new CustomerMistake(`${field} must be a text`);
  return value;
}
