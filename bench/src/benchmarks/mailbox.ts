import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeEvent, topics } from '@tributary/contracts';
import { createLogger, systemClock } from '@tributary/runtime';
import { createStandalone } from '@tributary/standalone';
import { isUnavailable, type RunningDovecot, startDovecot } from '@tributary/testing/servers';
import { openEmbedded } from '../adapters.ts';
import { type Benchmark, notMeasured } from '../benchmark.ts';
import { median, perSecond, rateOf } from '../rounds.ts';
import { sampleMail, trustedServer } from '../sample-mail.ts';
import { watchLog } from '../watched-adapters.ts';

const delivered = 100;
const everyMs = 100;
const waiting = 1000;
const deliveredWhat = 'mail delivered to the mailbox (Dovecot, IMAP IDLE) → owned ticket, p50 / p95';
const deliveredTarget = 'p95 < 1 s';
const waitingWhat = `${waiting.toLocaleString('en-US')} mails waiting in the mailbox → tickets, embedded, from the start of the services`;
const waitingTarget = '≥ 350/s';

/** Everything `npm start` runs, reading a mailbox of a real Dovecot. */
export const mailbox: Benchmark = {
  name: 'mail',
  async run({ rounds, report }) {
    const rates: number[] = [];
    const p50s: number[] = [];
    const p95s: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const dovecot = await startDovecot({ users: { [user]: password }, report });
      if (isUnavailable(dovecot)) {
        const { unavailable } = dovecot;
        return [
          notMeasured(deliveredWhat, deliveredTarget, unavailable),
          notMeasured(waitingWhat, waitingTarget, unavailable),
        ];
      }
      try {
        const timesMs = await deliverSingly(dovecot);
        const rate = await workOff(dovecot);
        const [p50, p95] = [quantile(timesMs, 0.5), quantile(timesMs, 0.95)];
        report(`round ${round}: p50 ${Math.round(p50)}, p95 ${Math.round(p95)} ms; ${perSecond(rate)}`);
        if (round === 0) continue;
        rates.push(rate);
        p50s.push(p50);
        p95s.push(p95);
      } finally {
        await dovecot.stop();
      }
    }
    return [
      {
        what: deliveredWhat,
        figure: `${Math.round(median(p50s))} / ${Math.round(median(p95s))} ms`,
        target: deliveredTarget,
        met: median(p95s) < 1000,
      },
      { what: waitingWhat, figure: perSecond(median(rates)), target: waitingTarget, met: median(rates) >= 350 },
    ];
  },
};

const user = 'support';
const password = 'bench';

interface Change {
  readonly kind: 'created' | 'assigned';
  /** Of the customer. */
  readonly address: string;
}

/** Mails that were there before: from the start of the services to the last ticket. @returns mails per second. */
async function workOff(dovecot: RunningDovecot): Promise<number> {
  for (let number = 0; number < waiting; number++) dovecot.deliver(user, sampleMail(number).raw);
  let created = 0;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  await using system = await prepare(dovecot, ({ kind }) => {
    if (kind === 'created' && ++created === waiting) resolve();
  });
  return await rateOf(waiting, async () => {
    await system.start();
    await done;
  });
}

/** Single mails to idle agents. @returns ms from delivery to the published owner, shortest first. */
async function deliverSingly(dovecot: RunningDovecot): Promise<number[]> {
  const owned = new Map<string, () => void>();
  await using system = await prepare(dovecot, ({ kind, address }) => {
    if (kind === 'assigned') owned.get(address)?.();
  });
  await system.start();
  const deliver = async (number: number) => {
    const { address, raw } = sampleMail(number);
    const assigned = new Promise<void>((resolve) => owned.set(address, resolve));
    const startMs = performance.now();
    dovecot.deliver(user, raw);
    await assigned;
    return performance.now() - startMs;
  };
  await deliver(0); // From here on the mailbox is watched.
  const underWay: Promise<number>[] = [];
  for (let number = 0; number < delivered; number++) {
    underWay.push(deliver(number));
    await pause(everyMs);
  }
  return (await Promise.all(underWay)).sort((a, b) => a - b);
}

/** Everything `npm start` runs, with what happens to tickets told once it is published. */
async function prepare(dovecot: RunningDovecot, changed: (change: Change) => void) {
  const adapters = await openEmbedded();
  const addresses = new Map<string, string>();
  const eventLog = watchLog(adapters.eventLog, (records) => {
    for (const record of records) {
      if (record.topic !== topics.ticketEvents.name) continue;
      const { ticketId, change } = decodeEvent(topics.ticketEvents, record);
      if (change?.$case === 'created') addresses.set(ticketId, change.value.contact?.address ?? '');
      if (change?.$case === 'created' || change?.$case === 'assigned')
        changed({ kind: change.$case, address: addresses.get(ticketId) ?? '' });
    }
  });
  const imap = { host: '127.0.0.1', port: dovecot.imapPort, secure: false, user, password };
  const system = await createStandalone({
    ...adapters,
    eventLog,
    clock: systemClock,
    logger: createLogger('bench', 'error'),
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    environment: {
      HOST: '127.0.0.1',
      SMTP_PORT: '0',
      EMAIL_ACCOUNTS: JSON.stringify([{ address: 'support@tributary.local', imap }]),
      EMAIL_TRUSTED_SERVERS: trustedServer,
      EMAIL_OUT: `file:${join(adapters.folder, 'outbox')}`,
      ROUTER_SEED_PRESENCE: 'online',
      CONSOLE_FEED: 'on',
    },
  });
  return {
    start: () => system.start(),
    async [Symbol.asyncDispose]() {
      await system.stop();
      await adapters[Symbol.asyncDispose]();
    },
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
