import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { InboundMessage } from '@tributary/contracts';
import fastify from 'fastify';
import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import type { HttpLoad } from '../http-load.ts';
import { inboundRecord } from '../pipeline.ts';
import { compare, perSecond } from '../rounds.ts';
import { sampleMessage } from '../sample-messages.ts';

const connections = 64;
/** Short rounds and many: what else the machine does meets both sides alike. */
const forMs = 1000;
const roundsEach = 3;

/** One handler that makes a message of the request and answers; and the same one that appends it to the log before. */
export const httpIntake: Benchmark = {
  name: 'http',
  async run(context) {
    await using adapters = await openEmbedded();
    const app = fastify();
    const handler = (durable: boolean) => async (body: unknown) => {
      const record = inboundRecord(InboundMessage.fromJSON(body));
      if (durable) await adapters.eventLog.append([record]);
      return { id: record.headers['ce_id'] };
    };
    const [durable, noOp] = [handler(true), handler(false)];
    app.post('/durable', ({ body }) => durable(body));
    app.post('/no-op', ({ body }) => noOp(body));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const worker = new Worker(new URL('../http-load.ts', import.meta.url));
    await once(worker, 'message');
    const body = JSON.stringify(InboundMessage.toJSON(sampleMessage(0)));
    const load = async (path: string) => {
      worker.postMessage({ port, path, body, connections, forMs } satisfies HttpLoad);
      return ((await once(worker, 'message')) as [number])[0];
    };
    const result = await compare(
      { ours: () => load('/durable'), bare: () => load('/no-op') },
      {
        ...context,
        rounds: context.rounds * roundsEach,
        warmUps: 2,
      },
    );
    worker.postMessage('stop');
    await app.close();
    return [
      {
        what: `durable HTTP intake / the same handler without the log, ${connections} connections`,
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target: '≥ 0.8',
        met: result.ratio >= 0.8,
      },
    ];
  },
};
