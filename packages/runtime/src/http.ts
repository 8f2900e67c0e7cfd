import { metrics } from '@opentelemetry/api';
import fastify, { type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import type { Logger } from './logger.ts';
import type { Service } from './service.ts';

export interface HttpServerOptions {
  readonly plugins: readonly FastifyPluginAsync[];
  readonly host: string;
  /** 0 takes a free one; `port` of the result tells which. */
  readonly port: number;
  readonly logger: Logger;
  /** Addresses or networks, comma-separated, of proxies whose X-Forwarded-For is believed. Absent or empty: none. */
  readonly trustProxy?: string;
  /** What `GET /health/ready` answers 503 with. */
  problems(): readonly string[];
  /** Said beside them by `GET /health/ready`, which stays 200: other replicas have the same providers. Absent: none. */
  providerProblems?(): readonly string[];
  /** What `GET /health/live` answers 503 with: faults that only a new process cures. Absent: none. */
  stuck?(): readonly string[];
}

const duration = metrics.getMeter('@tributary/runtime').createHistogram('http.server.request.duration', {
  description: 'HTTP requests by route, health checks left out',
  unit: 's',
  advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
});

/** How long running requests may take to finish when it stops. */
const finishWithinMs = 5000;

/**
 * An HTTP server with `GET /health/live` (200, or 503 with what is stuck) and `GET /health/ready` (200, or 503 with the
 * problems). Stopping closes idle connections at once and lets running requests finish for 5 s.
 */
export function createHttpServer(
  options: HttpServerOptions,
): Service & { readonly port: number; readonly app: FastifyInstance } {
  const app = fastify({
    loggerInstance: options.logger.child({}, { level: 'warn' }),
    logController: new LogController({ disableRequestLogging: true }),
    // Requests that still come on open connections while it stops are served: what they need stops later.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    trustProxy: options.trustProxy || false,
    // A body above this must be wanted by the route that takes it.
    bodyLimit: 1024 * 1024,
  }) as unknown as FastifyInstance;
  let port = 0;
  let stopping = false;
  return {
    app,
    get port() {
      return port;
    },
    async start() {
      app.addHook('onSend', async (_request, reply) => {
        // An answer given while stopping is the connection's last: nobody waits for the next one.
        if (stopping) reply.header('connection', 'close');
      });
      app.get('/health/live', async (_request, reply) => {
        const problems = options.stuck?.() ?? [];
        return reply
          .code(problems.length === 0 ? 200 : 503)
          .send({ status: problems.length === 0 ? 'live' : 'stuck', problems });
      });
      app.get('/health/ready', async (_request, reply) => {
        const problems = options.problems();
        return reply.code(problems.length === 0 ? 200 : 503).send({
          status: problems.length === 0 ? 'ready' : 'not ready',
          problems,
          providerProblems: options.providerProblems?.() ?? [],
        });
      });
      app.addHook('onResponse', async ({ method, routeOptions: { url } }, { elapsedTime, statusCode }) => {
        if (url?.startsWith('/health/')) return;
        const labels = { 'http.request.method': method, 'http.response.status_code': statusCode };
        duration.record(elapsedTime / 1000, { ...labels, ...(url !== undefined && { 'http.route': url }) });
      });
      // Fastify's own answer repeats the address, with whatever stands in its query.
      app.setNotFoundHandler((_request, reply) =>
        reply.code(404).send({ statusCode: 404, error: 'Not Found', message: 'there is nothing at this address' }),
      );
      for (const plugin of options.plugins) await app.register(plugin);
      await app.listen({ host: options.host, port: options.port });
      port = (app.server.address() as { port: number }).port;
    },
    async stop() {
      stopping = true;
      const force = setTimeout(() => app.server.closeAllConnections(), finishWithinMs);
      await app.close().finally(() => clearTimeout(force));
    },
    problems: () => [],
  };
}
