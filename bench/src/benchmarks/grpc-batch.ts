import { type InboundMessage, type TicketApi, TicketServiceService } from '@tributary/contracts';
import { connectGrpc } from '@tributary/runtime';
import type { Benchmark } from '../benchmark.ts';
import { compare, perSecond, rateOf } from '../rounds.ts';
import { sampleGrade, sampleMessages } from '../sample-messages.ts';
import { startThread } from '../thread.ts';

const batchSize = 500;

/** IngestMessages of the real ticketing, which answers when all is on the disk: one caller, with many messages a call or one. */
export const grpcBatch: Benchmark = {
  name: 'grpc',
  async run(context) {
    await using ticketing = await startThread<number>(new URL('../grpc-ticketing.ts', import.meta.url));
    await using channel = connectGrpc(`127.0.0.1:${ticketing.ready}`, { defaultTimeoutMs: 60_000 });
    const api = channel.api(TicketServiceService);
    const result = await compare(
      {
        ours: () => ingest(api, sampleMessages(2000), batchSize),
        bare: () => ingest(api, sampleMessages(200), 1),
      },
      { ...context, rounds: context.rounds * 2, warmUps: 2 },
    );
    return [
      {
        what: `gRPC: IngestMessages with ${batchSize} messages a call / with one, one caller`,
        figure: `${perSecond(result.ours)} / ${perSecond(result.bare)}`,
        ratio: result.ratio,
        target: '≥ 10',
        met: result.ratio >= 10,
      },
    ];
  },
};

function ingest(api: TicketApi, messages: readonly InboundMessage[], perCall: number): Promise<number> {
  const items = messages.map((message) => ({ message, grade: sampleGrade }));
  return rateOf(messages.length, async () => {
    for (let from = 0; from < items.length; from += perCall) {
      const { results } = await api.ingestMessages({ items: items.slice(from, from + perCall) });
      const refused = results.find(({ error }) => error !== '');
      if (refused !== undefined) throw new Error(`ticketing refused a message: ${refused.error}`);
    }
  });
}
