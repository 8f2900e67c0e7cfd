import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createSocialGateway, readSocialConfig } from '@tributary/gateway-social';
import { createLogger, systemClock } from '@tributary/runtime';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import fastify, { type FastifyPluginAsync } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import type { HttpLoad } from '../http-load.ts';
import { compare, perSecond } from '../rounds.ts';

const connections = 64;
/** Short rounds and many: what else the machine does meets both sides alike. */
const forMs = 1000;
const roundsEach = 3;
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const document = {
  type: 'message.created',
  id: 'm-1',
  conversation: 'c-1',
  sender: { id: 'u-1', name: 'Mei' },
  text: 'The battery of my Heron gets hot while it charges. What shall I do?',
};

/**
 * The signed webhook as it is served (signature, document, message, durable append), and beside it a handler that
 * checks the same signature with Standard Webhooks' own library and does nothing. The same request is sent again and again: to the log a repeat costs what a new one does.
 */
export const webhookIntake: Benchmark = {
  name: 'webhook',
  async run(context) {
    await using adapters = await openEmbedded();
    await using platform = await startWebhookSimulator({ secret, account: 'shop' });
    const account = { channel: 'webhook', name: 'shop', verifyWith: [secret] };
    const gateway = await createSocialGateway({
      ...adapters,
      config: readSocialConfig({ SOCIAL_ACCOUNTS: JSON.stringify([account]) }),
      clock: systemClock,
      logger: createLogger('bench', 'silent'),
    });
    const app = fastify();
    const bare = new Webhook(secret);
    const noOp: FastifyPluginAsync = async (own) => {
      own.removeAllContentTypeParsers();
      own.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      own.post('/no-op', async ({ headers, body }) => {
        bare.verify(body as Buffer, headers as Record<string, string>);
        return '';
      });
    };
    await app.register(noOp);
    await app.register(gateway.http);
    await gateway.start();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const worker = new Worker(new URL('../http-load.ts', import.meta.url));
    await once(worker, 'message');
    const load = async (path: string) => {
      // Signed now: a signature holds for five minutes.
      const { headers, body } = platform.request(document, 'msg-m-1', Date.now());
      const { 'content-type': _json, ...signature } = headers;
      worker.postMessage({ port, path, headers: signature, body, connections, forMs } satisfies HttpLoad);
      return ((await once(worker, 'message')) as [number])[0];
    };
    const result = await compare(
      { ours: () => load('/channels/webhook/shop'), bare: () => load('/no-op') },
      { ...context, rounds: context.rounds * roundsEach, warmUps: 2 },
    );
    worker.postMessage('stop');
    await app.close();
    await gateway.stop();
    return [
      {
        what: `signed webhook, durable / a handler that checks the signature and does nothing, ${connections} connections`,
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target: '≥ 0.7',
        met: result.ratio >= 0.7,
      },
    ];
  },
};
