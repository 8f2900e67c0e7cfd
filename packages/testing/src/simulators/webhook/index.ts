import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { answerCustomer, type CustomerActions, textIn } from '../customer-face.ts';

/** A message of a person on the simulated platform; see /channels/webhook/openapi.json for all fields. */
export interface PlatformMessage {
  readonly id: string;
  readonly conversation: string;
  readonly sender: { readonly id: string; readonly name?: string };
  readonly text: string;
  readonly [field: string]: unknown;
}

/** A reply as the platform got it. */
export interface PlatformReply {
  readonly id: string;
  readonly conversation: string;
  readonly recipient: { readonly id: string };
  readonly visibility: 'private' | 'public';
  readonly text: string;
  readonly [field: string]: unknown;
}

/** How it takes replies: properly; with 503; with 429; by taking them without an answer; or with 410. */
export type PlatformBehaviour = 'well' | 'down' | 'busy' | 'silent' | 'gone';

export interface WebhookSimulatorOptions {
  readonly port?: number;
  /** `whsec_…`, of both directions. */
  readonly secret: string;
  readonly account: string;
  /** Address of the gateway, without a slash at its end. */
  readonly gateway?: () => string;
  /** Default: the system's, and then the time of what comes is not checked. */
  readonly now?: () => number;
}

export interface SignedRequest {
  readonly method: 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface WebhookSimulator extends AsyncDisposable {
  /** Where it takes replies. */
  readonly url: string;
  /** Where whoever plays the customer acts, see `answerCustomer`. */
  readonly simulatorUrl: string;
  /** Somebody writes. Repeats on Standard Webhooks' example schedule until it is accepted. @returns the status that ended it. */
  write(message: PlatformMessage): Promise<number>;
  /** A document, signed. */
  request(document: object, webhookId: string, atMs: number): SignedRequest;
  /** Each reply once: it knows repeats by their webhook-id. */
  readonly replies: readonly PlatformReply[];
  /** Requests that came, whatever became of them. */
  readonly tries: number;
  behave(behaviour: PlatformBehaviour): void;
}

const retriesAfterMs = [5_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000, 5 * 3_600_000];

/** A platform of one's own: signs by the Standard Webhooks project's own library, and checks what comes by it. */
export async function startWebhookSimulator(options: WebhookSimulatorOptions): Promise<WebhookSimulator> {
  const { secret, account, now = Date.now } = options;
  const webhook = new Webhook(secret);
  const replies = new Map<string, PlatformReply>();
  const stopping = new AbortController();
  let behaviour: PlatformBehaviour = 'well';
  let tries = 0;

  const server = createServer(async (request, response) => {
    if (await answerCustomer(request, response, customer)) return;
    tries += 1;
    const body = (await buffer(request)).toString();
    if (behaviour === 'down') return response.writeHead(503).end('away');
    if (behaviour === 'busy') return response.writeHead(429, { 'retry-after': '3' }).end('slow down');
    if (behaviour === 'gone') return response.writeHead(410).end('closed for good');
    const id = String(request.headers['webhook-id']);
    const atMs = Number(request.headers['webhook-timestamp']) * 1000;
    const signatures = String(request.headers['webhook-signature']).split(' ');
    const isStale = options.now !== undefined && Math.abs(now() - atMs) > 5 * 60_000;
    if (!signatures.includes(webhook.sign(id, new Date(atMs), body)) || isStale) {
      return response.writeHead(401).end('the signature does not match');
    }
    if (!replies.has(id)) replies.set(id, JSON.parse(body) as PlatformReply);
    if (behaviour === 'silent') return;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: `platform-${id}` }));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));

  const request: WebhookSimulator['request'] = (document, webhookId, atMs) => {
    const body = JSON.stringify(document);
    return {
      method: 'POST',
      path: `/channels/webhook/${account}`,
      headers: {
        'content-type': 'application/json',
        'webhook-id': webhookId,
        'webhook-timestamp': String(Math.floor(atMs / 1000)),
        'webhook-signature': webhook.sign(webhookId, new Date(atMs), body),
      },
      body,
    };
  };

  async function write(message: PlatformMessage): Promise<number> {
    for (const waitMs of [...retriesAfterMs, undefined]) {
      const { path, ...rest } = request({ type: 'message.created', ...message }, `msg-${message.id}`, now());
      const answer = await fetch(`${options.gateway?.() ?? ''}${path}`, rest).catch(() => undefined);
      await answer?.arrayBuffer();
      const isFinal = answer !== undefined && answer.status < 500 && answer.status !== 429;
      if (isFinal || waitMs === undefined) return answer?.status ?? 0;
      await sleep(waitMs, undefined, { signal: stopping.signal, ref: false });
    }
    return 0;
  }

  const customer: CustomerActions = {
    async 'POST message'(input) {
      const [from, text] = [textIn(input, 'from'), textIn(input, 'text')];
      const isPublic = input['public'] === true;
      const id = randomUUID();
      const status = await write({
        ...{ id, text, sender: { id: from, name: from } },
        conversation: isPublic ? `post-${id}` : from,
        ...(isPublic && { kind: 'post', visibility: 'public' }),
      });
      return { id, status };
    },
    'GET answers': (input) =>
      [...replies.values()]
        .filter(({ recipient }) => recipient.id === input['customer'])
        .map(({ id, text, visibility }) => ({ id, text, visibility })),
  };

  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/replies`,
    simulatorUrl: `http://127.0.0.1:${port}`,
    request,
    write,
    get replies() {
      return [...replies.values()];
    },
    get tries() {
      return tries;
    },
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
