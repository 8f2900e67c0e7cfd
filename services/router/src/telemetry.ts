import { metrics } from '@opentelemetry/api';
import type { Clock, Logger } from '@tributary/runtime';
import type { Decision } from './domain/decision.ts';
import type { OfferState } from './domain/offers/offer.ts';
import type { Needs } from './domain/planning/step.ts';
import type { WaitingStore } from './ports.ts';

const meter = metrics.getMeter('@tributary/router');

// Labels are words of the code, channels, and skills and regions of the policy; never what a customer wrote.
const decisionsMade = meter.createCounter('tributary.routing.decisions', {
  description: 'Routing decisions, by outcome and what caused them',
  unit: '{decision}',
});
const offers = meter.createCounter('tributary.offers', {
  description: 'Offers of live contacts, when made (pending) and by how they ended',
  unit: '{offer}',
});
const waitingCount = meter.createObservableGauge('tributary.waiting.tickets', {
  description: 'Tickets that wait for an owner, by the skills and regions they need now',
  unit: '{ticket}',
});
const waitingAge = meter.createObservableGauge('tributary.waiting.oldest.age', {
  description: 'How long the longest waiting ticket has waited since its message was received',
  unit: 's',
});

export function countDecisions(decisions: readonly Decision[]): void {
  for (const { outcome, trigger } of decisions)
    decisionsMade.add(1, { 'tributary.outcome': outcome, 'tributary.trigger': trigger });
}

export function countOffer(channel: string, state: OfferState): void {
  offers.add(1, { 'tributary.channel': channel, 'tributary.outcome': state });
}

type Sample = Awaited<ReturnType<WaitingStore['countByNeeds']>>[number];

/**
 * Shows waiting work when metrics are read. The store is asked then and answers for the next time, so that a slow one holds up
 * nothing. Disposing it ends that.
 */
export function watchWaiting(waiting: WaitingStore, clock: Clock, logger: Logger): Disposable {
  let samples: readonly Sample[] = [];
  let asking = false;
  const refresh = () => {
    if (asking) return;
    asking = true;
    waiting
      .countByNeeds()
      .then(
        (answer) => {
          samples = answer;
        },
        (error: unknown) => logger.debug({ err: error }, 'waiting work is not counted just now'),
      )
      .finally(() => {
        asking = false;
      });
  };
  const callback: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    refresh();
    for (const { labels, count, oldestReceivedAtMs } of summed(samples)) {
      result.observe(waitingCount, count, labels);
      result.observe(waitingAge, count === 0 ? 0 : (clock.now() - oldestReceivedAtMs) / 1000, labels);
    }
  };
  meter.addBatchObservableCallback(callback, [waitingCount, waitingAge]);
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(callback, [waitingCount, waitingAge]) };
}

/** One sample for each pair of labels: needs also differ in language, tier and agents. */
function summed(samples: readonly Sample[]) {
  const byLabels = new Map<string, Omit<Sample, 'needs'> & { labels: ReturnType<typeof labelsOf> }>();
  for (const { needs, count, oldestReceivedAtMs } of samples) {
    const labels = labelsOf(needs);
    const key = JSON.stringify(labels);
    const before = byLabels.get(key);
    byLabels.set(key, {
      labels,
      count: count + (before?.count ?? 0),
      oldestReceivedAtMs: Math.min(oldestReceivedAtMs, before?.oldestReceivedAtMs ?? Number.POSITIVE_INFINITY),
    });
  }
  return byLabels.values();
}

/** Skills without the proficiency; `any` where nothing is asked. */
function labelsOf({ skills, regions }: Needs) {
  const names = (list: readonly string[]) => [...new Set(list)].sort().join('+') || 'any';
  return {
    'tributary.skill': names(skills.map(({ skill }) => skill)),
    'tributary.region': names(regions),
  };
}
