import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Logger } from '@tributary/runtime';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { OverloadedError } from './admission.ts';
import type { Inbox } from './channel.ts';
import { countNotTaken } from './telemetry.ts';

/** One HTTP request of a provider, as it came. */
export interface WebhookRequest {
  readonly method: string;
  /** As the provider called it: our public address, path and query. Signatures cover it. */
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The exact bytes. Empty for GET. */
  readonly body: Buffer;
}

export interface WebhookAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Default text/plain. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default empty. */
  readonly body?: string | Readable;
}

/** One route by which a provider brings events. Both steps are called for every request, in this order. */
export interface Webhook {
  readonly method: 'GET' | 'POST';
  /** Below `/channels/<channel>`; `:name` stands for a parameter. */
  readonly path: string;
  /** Bytes. Default 1 MiB; a larger body is answered with 413 and not read. */
  readonly maxBodyBytes?: number;
  /** Whether the provider sent it, and lately. @throws WebhookRefusal */
  verify(request: WebhookRequest): void | Promise<void>;
  /**
   * Hands over what the request brings and says what to answer. What it does not know (an event of another kind) it passes
   * over and answers as success, or the provider would send it for ever.
   * @throws WebhookRefusal for what the provider should not send again. Anything else is answered with 503: come again.
   */
  receive(request: WebhookRequest, inbox: Inbox): Promise<WebhookAnswer>;
}

/** A request that is not taken. The reason is answered, so it must not tell what a right signature would be. */
export class WebhookRefusal extends Error {
  override readonly name = 'WebhookRefusal';
  readonly status: 400 | 401 | 403 | 404 | 415;

  constructor(status: WebhookRefusal['status'], reason: string) {
    super(reason);
    this.status = status;
  }
}

/** How far a signed time may be from ours before the request counts as a replay (Standard Webhooks, Stripe, Slack: 5 min). */
export const replayWindowMs = 5 * 60_000;

/** @throws WebhookRefusal 401 unless the time lies within `replayWindowMs` of now. */
export function refuseReplay(signedAtMs: number, nowMs: number): void {
  if (!(Math.abs(nowMs - signedAtMs) <= replayWindowMs)) {
    throw new WebhookRefusal(401, 'the timestamp must be within 5 minutes of now');
  }
}

/** The body as JSON. @throws WebhookRefusal 400 when it is none. */
export function jsonBody({ body }: WebhookRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // What the parser says quotes the body.
    throw new WebhookRefusal(400, 'the body must be JSON');
  }
}

export interface WebhookServing {
  readonly channel: string;
  readonly webhooks: readonly Webhook[];
  readonly inbox: Inbox;
  /** Our address as providers see it, without a slash at its end; a path in it stands before `/channels`. Empty: as the request says. */
  readonly publicUrl: string;
  readonly logger: Logger;
}

const defaultMaxBodyBytes = 1024 * 1024;

/** What a request's body may need. One that does not say so may be as large as allowed. */
function sizeOf(headers: IncomingHttpHeaders, bodyLimit: number): number {
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
}

/** The routes of a channel, for the server that has the port. Bodies reach them as bytes. */
export function webhookRoutes({ channel, webhooks, inbox, publicUrl, logger }: WebhookServing): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    /** Of requests whose body is being read. */
    const places = new WeakMap<FastifyRequest, Disposable>();
    for (const webhook of webhooks) {
      const bodyLimit = webhook.maxBodyBytes ?? defaultMaxBodyBytes;
      app.route({
        method: webhook.method,
        url: `/channels/${channel}${webhook.path}`,
        bodyLimit,
        async onRequest(incoming, reply) {
          try {
            places.set(incoming, inbox.admit(sizeOf(incoming.headers, bodyLimit)));
            reply.raw.once('close', () => places.get(incoming)?.[Symbol.dispose]());
          } catch (error) {
            if (!(error instanceof OverloadedError)) throw error;
            countNotTaken(channel, 503);
            logger.info({ channel, path: webhook.path, reason: error.message }, 'webhook not let in');
            // The body stays unread, so the connection can bring nothing else.
            return reply
              .code(503)
              .headers({ 'retry-after': Math.ceil(error.retryAfterMs / 1000), connection: 'close' })
              .send({ error: error.message });
          }
        },
        async handler(incoming, reply) {
          // From here on until the work is done, also when the provider no longer waits for it.
          using _place = places.get(incoming);
          places.delete(incoming);
          const target = incoming.raw.url ?? '';
          const url = `${publicUrl === '' ? `${incoming.protocol}://${incoming.host}` : publicUrl}${target}`;
          const request: WebhookRequest = {
            method: incoming.method,
            url,
            parameters: incoming.params as Record<string, string>,
            query: new URL(url).searchParams,
            headers: incoming.headers,
            body: (incoming.body as Buffer | undefined) ?? Buffer.alloc(0),
          };
          try {
            await webhook.verify(request);
            const {
              status = 200,
              contentType = 'text/plain; charset=utf-8',
              headers = {},
              body = '',
            } = await webhook.receive(request, inbox);
            return await reply.code(status).headers(headers).type(contentType).send(body);
          } catch (error) {
            countNotTaken(channel, error instanceof WebhookRefusal ? error.status : 503);
            if (error instanceof WebhookRefusal) {
              logger.info(
                { channel, path: webhook.path, status: error.status, reason: error.message },
                'webhook refused',
              );
              return await reply.code(error.status).send({ error: error.message });
            }
            logger.warn(
              { channel, path: webhook.path, err: error },
              'webhook not taken, the provider is to come again',
            );
            return await reply.code(503).header('retry-after', '5').send({ error: 'not taken just now, come again' });
          }
        },
      });
    }
  };
}
