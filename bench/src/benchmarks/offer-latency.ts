import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEvent, hashId, type InboundMessage, OfferState, topics } from '@tributary/contracts';
import type { NewRecord } from '@tributary/eventlog';
import { readRouterConfig } from '@tributary/router';
import type { Histogram } from 'hdr-histogram-js';
import { openEmbedded } from '../adapters.ts';
import type { Benchmark } from '../benchmark.ts';
import { closedLoop, openLoop, reportRound } from '../load-loops.ts';
import { inboundRecord, startPipeline } from '../pipeline.ts';
import { median, perSecond } from '../rounds.ts';
import { sampleMessage } from '../sample-messages.ts';
import { watchLog } from '../watched-adapters.ts';
import { release } from './owner-latency.ts';

const capacityMessages = 1000;

/** Chats at a fixed rate, each offered, accepted at once and resolved, so agents stay idle. */
export const offerLatency: Benchmark = {
  name: 'offers',
  async run(context) {
    await using adapters = await openEmbedded();
    const policyFile = join(adapters.folder, 'policy.yaml');
    const policy = await readFile(readRouterConfig({}).policyFile, 'utf8');
    const offersChats = policy.replace('\noffers:\n', '\noffers:\n  chat: { timeout: 1m }\n');
    // Room for all that are under way: waiting for an agent is not what is measured.
    await writeFile(policyFile, offersChats.replace('chat: 25', 'chat: 1'));
    const offered = new Map<string, (offerId: string) => void>();
    const eventLog = watchLog(adapters.eventLog, (records) => {
      for (const { ticketId, id } of records.flatMap(pendingOffer)) offered.get(ticketId)?.(id);
    });
    await using pipeline = await startPipeline({ ...adapters, eventLog }, { policyFile });
    const { router, ticketing } = pipeline;
    let sent = 0;
    const send = async () => {
      const message = sampleChat(sent++);
      const ticketId = hashId('ticket', message.id);
      const offer = new Promise<string>((resolve) => offered.set(ticketId, resolve));
      await eventLog.append([inboundRecord(message)]);
      const offerId = await offer;
      offered.delete(ticketId);
      return async () => {
        await router.agents.acceptOffer({ offerId, agentId: '' });
        await release(ticketing.tickets, ticketId);
      };
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
    return shares.map((share) => ({
      what: `acknowledgement → first offer, p50 / p99, at ${share * 100} % of the capacity of ${perSecond(capacity)} (offered, accepted and resolved), embedded`,
      figure: `${Math.round(at(share, 50))} / ${Math.round(at(share, 99))} ms`,
      target: 'p99 < 1 s',
      met: at(share, 99) < 1000,
    }));
  },
};

function sampleChat(number: number): InboundMessage {
  const mail = sampleMessage(number);
  return { ...mail, channel: 'chat', account: 'demo', conversationKey: `chat:${mail.id}` };
}

function pendingOffer(record: NewRecord): { readonly ticketId: string; readonly id: string }[] {
  if (record.topic !== topics.offers.name) return [];
  const { ticketId, id, state } = decodeEvent(topics.offers, record);
  return state === OfferState.OFFER_STATE_PENDING ? [{ ticketId, id }] : [];
}
