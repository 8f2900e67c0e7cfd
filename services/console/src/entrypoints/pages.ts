import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';
import type { FeedStream } from './feed-stream.ts';
import { simulatorRoutes } from './simulator-routes.ts';
import { contentSecurityPolicy, type Links, startPage } from './start-page.ts';

export interface ConsolePagesOptions {
  readonly links: () => Links;
  /** Undefined: the feed is off. */
  readonly stream: FeedStream | undefined;
  /** Further host names under which the page may be reached. */
  readonly hosts: readonly string[];
  /** Where the simulators of providers are, by the provider's name. */
  readonly simulators: Readonly<Record<string, string>>;
}

// Beside src and dist alike.
const assets = fileURLToPath(new URL('../../assets', import.meta.url));

/**
 * `GET /` the start page, `GET /console/*` its style and scripts, `GET /feed` the live feed as Server-Sent Events,
 * `/simulators` what the page and the command line do as customers of simulated providers.
 */
export function consolePages({ links, stream, hosts, simulators }: ConsolePagesOptions): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      if (!isOwnHost(request.hostname, hosts)) {
        return reply
          .code(421)
          .send({ error: `this page is not served as '${request.hostname}'; CONSOLE_HOSTS allows names` });
      }
    });
    await app.register(fastifyStatic, { root: assets, prefix: '/console/', decorateReply: false, cacheControl: false });
    await app.register(simulatorRoutes(simulators));

    app.get('/', async (_request, reply) => {
      const current = links();
      return reply
        .header('content-security-policy', contentSecurityPolicy(current))
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-store')
        .type('text/html; charset=utf-8')
        .send(startPage(current, stream !== undefined, Object.keys(simulators)));
    });

    // Before the server waits for its last request to end: these would not.
    app.addHook('preClose', async () => stream?.close());

    app.get('/feed', async (request, reply) => {
      if (stream === undefined) return reply.code(404).send({ error: 'the feed is off; CONSOLE_FEED=on turns it on' });
      if (stream.full) return reply.code(503).send({ error: 'too many pages watch the feed' });
      const lastEventId = request.headers['last-event-id'];
      reply.hijack();
      stream.watch(reply.raw, typeof lastEventId === 'string' ? lastEventId : undefined);
      return reply;
    });
  };
}

/**
 * A foreign site that points its own name at this machine (DNS rebinding) would read the feed as if it were its own; it
 * cannot do so with an address or with localhost.
 */
function isOwnHost(hostname: string, hosts: readonly string[]): boolean {
  const name = hostname.toLowerCase();
  const address = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 || name === 'localhost' || name.endsWith('.localhost') || hosts.includes(name);
}
