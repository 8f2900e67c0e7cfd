import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Logger } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
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

/** The routes of a channel, for the server that has the port. Bodies reach them as bytes. */
export function webhookRoutes({ channel, webhooks, inbox, publicUrl, logger }: WebhookServing): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const webhook of webhooks) {
      app.route({
        method: webhook.method,
        url: `/channels/${channel}${webhook.path}`,
        bodyLimit: webhook.maxBodyBytes ?? defaultMaxBodyBytes,
        async handler(incoming, reply) {
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
