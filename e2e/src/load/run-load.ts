import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog } from '@tributary/eventlog';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { build, type Histogram } from 'hdr-histogram-js';
import { phrase } from '../phrases.ts';
import { seededRandom } from '../random.ts';
import type { Deployment, LoadChannel, LoadSettings } from './arguments.ts';
import { withOwnTributary } from './own-tributary.ts';
import type { ChannelFigures, LoadReport } from './report.ts';
import { type LoadSender, openSenders } from './senders.ts';

export interface LoadOutput {
  say(line: string): void;
  /** The live line, once a second. */
  progress(line: string): void;
  /** Ends the load early. */
  readonly signal: AbortSignal;
}

/** Unanswered at once; beyond it messages count as not sent. What is measured is broken then, and our memory has an end. */
const mostUnanswered = 20_000;
const waitingSenders = 64;
/** What is slow only at first is not the capacity. */
const warmUpSeconds = 5;
const workOffMs = 120_000;
/** Customers there are; each writes in turn, so that a chat or a thread gets several messages. */
const customers = 500;

/** Puts the load on the deployment, or on a Tributary started for it. */
export async function runLoad(settings: LoadSettings, output: LoadOutput): Promise<LoadReport> {
  if (settings.deployment !== undefined) {
    const { kafka } = settings.deployment;
    await using log =
      kafka === undefined ? undefined : await openKafkaLog({ brokers: kafka.split(','), clientId: 'load' });
    return await loadOn(settings, settings.deployment, log, output, async (send) => send());
  }
  const folder = await mkdtemp(join(tmpdir(), 'tributary-load-'));
  await chmod(folder, 0o755); // A database may run as another user.
  try {
    return await withOwnTributary(settings.mode, folder, output.say, ({ deployment, log, measure }) =>
      loadOn(settings, deployment, log, output, measure),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Once at the rate, or with senders who wait and then at twice of what they got through. */
async function loadOn(
  { rate, seconds, mix }: LoadSettings,
  deployment: Deployment,
  log: EventLog | undefined,
  output: LoadOutput,
  around: (send: () => Promise<LoadReport>) => Promise<LoadReport>,
): Promise<LoadReport> {
  const load = (pace: number | 'waiting') => around(() => send({ pace, seconds, mix }, deployment, log, output));
  if (rate !== 'overload') return load(rate);
  output.say('warming up');
  await send({ pace: 'waiting', seconds: warmUpSeconds, mix }, deployment, log, output);
  const capacity = await load('waiting');
  if (capacity.handledPerSecond === undefined)
    throw new Error('the first load was not worked off: no capacity is known');
  output.say(`the capacity is ${Math.round(capacity.handledPerSecond)} messages/s; now twice of it`);
  return { ...(await load(2 * capacity.handledPerSecond)), capacity };
}

interface Tally {
  readonly latency: Histogram;
  sent: number;
  readonly errors: Map<string, number>;
}

interface Pace {
  /** Messages per second, or as fast as senders who wait for each acknowledgement are. */
  readonly pace: number | 'waiting';
  readonly seconds: number;
  readonly mix: LoadSettings['mix'];
}

async function send(
  { pace, seconds: wantedSeconds, mix }: Pace,
  deployment: Deployment,
  log: EventLog | undefined,
  { say, progress, signal }: LoadOutput,
): Promise<LoadReport> {
  const senders = await openSenders(deployment);
  const tallies = new Map<LoadChannel, Tally>(
    [...mix.keys()].map((channel) => [
      channel,
      { latency: build({ numberOfSignificantValueDigits: 3 }), sent: 0, errors: new Map() },
    ]),
  );
  let unanswered = 0;
  let answered = Promise.withResolvers<void>();
  const one = async (sender: LoadSender, tally: Tally, text: string, customer: number, dueAtMs: number) => {
    tally.sent += 1;
    unanswered += 1;
    try {
      await sender.send(text, customer);
      tally.latency.recordValue(Math.max(0, Math.round(performance.now() - dueAtMs)));
    } catch (error) {
      count(tally, (error as Error).message);
    } finally {
      unanswered -= 1;
      answered.resolve();
      answered = Promise.withResolvers();
    }
  };

  const random = seededRandom('load');
  const startedAtMs = performance.now();
  const isOver =
    pace === 'waiting'
      ? () => performance.now() - startedAtMs > wantedSeconds * 1000
      : (number: number) => number >= Math.round(pace * wantedSeconds);
  const lagNow = async () => {
    const lags = (await log?.lag('router')) ?? [];
    return lags.reduce((sum, { lag }) => sum + lag, 0);
  };
  let lag = 0;
  const ticker = setInterval(async () => {
    if (log !== undefined) lag = await lagNow().catch(() => lag);
    progress(progressLine(performance.now() - startedAtMs, tallies, unanswered, log === undefined ? undefined : lag));
  }, 1000);
  try {
    for (let number = 0; !isOver(number) && !signal.aborted; number++) {
      while (pace === 'waiting' && unanswered >= waitingSenders) await answered.promise;
      // Every message has its moment, also when those before it have no answer yet.
      const dueAtMs = pace === 'waiting' ? performance.now() : startedAtMs + (number * 1000) / pace;
      const waitMs = dueAtMs - performance.now();
      if (waitMs > 1 || number % 100 === 99) await delay(Math.max(0, waitMs), undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      const channel = pick(mix, random.next());
      const [sender, tally] = [senders.get(channel) as LoadSender, tallies.get(channel) as Tally];
      if (unanswered >= mostUnanswered) {
        tally.sent += 1;
        count(tally, `not sent: ${mostUnanswered} unanswered`);
      } else void one(sender, tally, `${phrase(random)} (${number})`, random.between(0, customers - 1), dueAtMs);
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    const atEnd = await lagNow();
    while (unanswered > 0) await delay(50);
    let workedOffAfterSeconds: number | undefined;
    if (log !== undefined) {
      say('the load has ended; waiting until the router has handled it');
      workedOffAfterSeconds = await untilWorkedOff(lagNow, signal);
    }
    const channels = [...tallies].map(([channel, tally]) => figuresOf(channel, tally));
    const acknowledged = channels.reduce((sum, channel) => sum + channel.acknowledged, 0);
    return {
      ...(pace !== 'waiting' && { rate: pace }),
      seconds,
      channels,
      ...(workedOffAfterSeconds !== undefined && {
        handledPerSecond: acknowledged / ((performance.now() - startedAtMs) / 1000),
      }),
      ...(log !== undefined && {
        lag: { atEnd, ...(workedOffAfterSeconds !== undefined && { workedOffAfterSeconds }) },
      }),
    };
  } finally {
    clearInterval(ticker);
    for (const sender of senders.values()) await sender[Symbol.asyncDispose]();
  }
}

/** @returns after how many seconds there was no lag; undefined when it was given up. */
async function untilWorkedOff(lagNow: () => Promise<number>, signal: AbortSignal): Promise<number | undefined> {
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < workOffMs && !signal.aborted) {
    if ((await lagNow()) === 0) return (performance.now() - startedAtMs) / 1000;
    await delay(250, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

function count({ errors }: Tally, what: string): void {
  errors.set(what, (errors.get(what) ?? 0) + 1);
}

function pick(mix: ReadonlyMap<LoadChannel, number>, point: number): LoadChannel {
  let sum = 0;
  for (const [channel, share] of mix) {
    sum += share;
    if (point < sum) return channel;
  }
  return [...mix.keys()].at(-1) as LoadChannel;
}

function progressLine(
  elapsedMs: number,
  tallies: ReadonlyMap<string, Tally>,
  unanswered: number,
  lag?: number,
): string {
  const all = [...tallies.values()];
  const sent = all.reduce((sum, tally) => sum + tally.sent, 0);
  const failed = all.reduce((sum, { errors }) => sum + [...errors.values()].reduce((a, b) => a + b, 0), 0);
  const latency = build({ numberOfSignificantValueDigits: 3 });
  for (const tally of all) latency.add(tally.latency);
  const parts = [
    `${Math.round(elapsedMs / 1000)} s`,
    `sent ${sent}`,
    `acknowledged ${latency.totalCount}`,
    `errors ${failed}`,
    `unanswered ${unanswered}`,
    `p50 ${latency.getValueAtPercentile(50)} ms`,
    `p99 ${latency.getValueAtPercentile(99)} ms`,
    ...(lag === undefined ? [] : [`lag ${lag}`]),
  ];
  return parts.join('  ');
}

function figuresOf(channel: string, { latency, sent, errors }: Tally): ChannelFigures {
  // A histogram answers with the end of a value's range.
  const at = (percentile: number) => Math.min(latency.getValueAtPercentile(percentile), latency.maxValue);
  return {
    channel,
    sent,
    acknowledged: latency.totalCount,
    errors: Object.fromEntries(errors),
    latencyMs:
      latency.totalCount === 0
        ? {}
        : { p50: at(50), p90: at(90), p99: at(99), 'p99.9': at(99.9), max: latency.maxValue },
  };
}
