import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Registry, SimulatedAccount } from './accounts.ts';

/** How the API takes requests: properly; not at all (503); with 429; or by doing as asked and never answering. */
export type ApiBehaviour = 'well' | 'down' | 'busy' | 'silent';

export interface ApiRequest {
  /** What the groups of the route's path matched. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body as a form. */
  readonly form: URLSearchParams;
  readonly body: Buffer;
}

export interface ApiAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** A request of the REST API, which needs the account's token; `path.account` names the account. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Matched against the whole path; must have a group `account`. */
  readonly path: RegExp;
  handle(request: ApiRequest, account: SimulatedAccount): ApiAnswer | Promise<ApiAnswer>;
}

/** A request of the simulator's own, by whoever plays the customer. Needs nothing. */
export interface ControlRoute {
  readonly method: 'GET' | 'POST';
  /** Below `/simulator/`. */
  readonly path: RegExp;
  handle(request: ApiRequest): ApiAnswer | Promise<ApiAnswer>;
}

/** An error as Twilio answers it (https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ApiServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** How many requests with POST the API got, whatever became of them. */
  readonly posts: number;
  behaviour: ApiBehaviour;
}

/** Serves the REST API and the simulator's own face on one port of this machine. */
export async function startApiServer(options: {
  readonly port: number;
  readonly registry: Registry;
  readonly api: readonly ApiRoute[];
  readonly control: readonly ControlRoute[];
}): Promise<ApiServer> {
  const { registry, api, control } = options;
  let behaviour: ApiBehaviour = 'well';
  let posts = 0;

  async function answer(request: IncomingMessage): Promise<ApiAnswer | undefined> {
    const url = new URL(request.url ?? '', 'http://localhost');
    const body = await buffer(request);
    const read = (path: RegExp): ApiRequest | undefined => {
      const match = path.exec(url.pathname);
      if (match === null || match[0] !== url.pathname) return undefined;
      return {
        path: { ...match.groups },
        query: url.searchParams,
        form: new URLSearchParams(body.toString('utf8')),
        body,
      };
    };
    for (const { method, path, handle } of control) {
      const asked = request.method === method ? read(path) : undefined;
      if (asked !== undefined) return handle(asked);
    }
    if (request.method === 'POST') posts += 1;
    if (behaviour === 'down') throw new ApiError(503, 20503, 'Service unavailable');
    if (behaviour === 'busy') throw new ApiError(429, 20429, 'Too Many Requests');
    for (const { method, path, handle } of api) {
      const asked = request.method === method ? read(path) : undefined;
      if (asked === undefined) continue;
      const answered = await handle(asked, authenticated(request, asked.path.account ?? ''));
      return behaviour === 'silent' ? undefined : answered;
    }
    throw new ApiError(404, 20404, `The requested resource ${url.pathname} was not found`);
  }

  function authenticated({ headers }: IncomingMessage, accountSid: string): SimulatedAccount {
    const account = registry.account(accountSid);
    const expected = `Basic ${Buffer.from(`${accountSid}:${account?.authToken}`).toString('base64')}`;
    if (account === undefined || headers.authorization !== expected) throw new ApiError(401, 20003, 'Authenticate');
    return account;
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch(refusal)
      .then((answered) => answered && send(response, answered));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get posts() {
      return posts;
    },
    get behaviour() {
      return behaviour;
    },
    set behaviour(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusal(error: unknown): ApiAnswer {
  if (error instanceof ApiError) {
    const { status, code, message } = error;
    return {
      status,
      ...(status === 429 && { headers: { 'retry-after': '1' } }),
      body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    };
  }
  // A customer's request that does not fit, or a fault of the simulator.
  return { status: 400, body: { message: (error as Error).message } };
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: ApiAnswer): void {
  if (body instanceof Uint8Array) {
    response.writeHead(status, headers).end(body);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
