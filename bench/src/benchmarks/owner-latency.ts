import { decodeEvent, hashId, type TicketApi, topics } from '@tributary/contracts';
import type { NewRecord } from '@tributary/eventlog';
import type { Histogram } from 'hdr-histogram-js';
import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import { closedLoop, openLoop, reportRound } from '../load-loops.ts';
import { inboundRecord, startPipeline } from '../pipeline.ts';
import { median, perSecond } from '../rounds.ts';
import { sampleMessage } from '../sample-messages.ts';
import { watchLog } from '../watched-adapters.ts';

const capacityMessages = 1000;

/** Messages at a fixed rate, whatever becomes of them; every ticket is resolved once it has its owner, so agents stay idle. */
export const ownerLatency: Benchmark = {
  name: 'owner',
  async run(context) {
    await using adapters = await openEmbedded();
    const owned = new Map<string, () => void>();
    const eventLog = watchLog(adapters.eventLog, (records) => {
      for (const ticketId of records.flatMap(assignedTicket)) owned.get(ticketId)?.();
    });
    await using pipeline = await startPipeline({ ...adapters, eventLog });
    let sent = 0;
    /** Resolves when the message's ticket has an owner, and has the ticket resolved. */
    const send = async () => {
      const message = sampleMessage(sent++);
      const ticketId = hashId('ticket', message.id);
      const assigned = new Promise<void>((resolve) => owned.set(ticketId, resolve));
      await eventLog.append([inboundRecord(message)]);
      await assigned;
      owned.delete(ticketId);
      return () => release(pipeline.ticketing.tickets, ticketId);
    };

    await closedLoop(send, capacityMessages / 4);
    const capacity = await closedLoop(send, capacityMessages);
    context.report(`capacity ${perSecond(capacity)}`);
    const shares = [0.1, 0.5];
    const rounds = new Map<number, Histogram[]>(shares.map((share) => [share, []]));
    for (let round = 1; round <= context.rounds; round++) {
      for (const share of shares) {
        const histogram = await openLoop(send, capacity * share);
        rounds.get(share)?.push(histogram);
        reportRound(context, `round ${round}, ${share * 100} %`, histogram);
      }
    }
    const at = (share: number, percentile: number) =>
      median((rounds.get(share) ?? []).map((histogram) => histogram.getValueAtPercentile(percentile) / 1000));
    const figures = (share: number) =>
      [50, 95, 99].map((percentile) => `${Math.round(at(share, percentile))}`).join(' / ');
    const ratio = median(
      (rounds.get(0.5) ?? []).map((half, index) => {
        const tenth = rounds.get(0.1)?.[index] as Histogram;
        return half.getValueAtPercentile(99) / tenth.getValueAtPercentile(99);
      }),
    );
    return [
      {
        what: `acknowledgement → owner, p50 / p95 / p99, at 10 % of the capacity of ${perSecond(capacity)} (to owner and resolved), embedded`,
        figure: `${figures(0.1)} ms`,
        target: 'p99 < 1 s',
        met: at(0.1, 99) < 1000,
      },
      {
        what: 'the same at 50 %; ratio: p99 at 50 % / p99 at 10 %',
        figure: `${figures(0.5)} ms`,
        ratio,
        target: 'p99 < 1 s; ratio ≤ 3',
        met: at(0.5, 99) < 1000 && ratio <= 3,
      },
    ];
  },
};

function assignedTicket(record: NewRecord): string[] {
  if (record.topic !== topics.ticketEvents.name) return [];
  const { ticketId, change } = decodeEvent(topics.ticketEvents, record);
  return change?.$case === 'assigned' ? [ticketId] : [];
}

export function release(tickets: TicketApi, ticketId: string): Promise<unknown> {
  const actor = { kind: 1, id: 'bench', displayName: '' } as const;
  const context = { commandId: `resolve-${ticketId}`, actor, expectedVersion: 0n };
  return tickets.resolve({ ticketId, context, solution: '' });
}
