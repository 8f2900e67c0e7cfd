import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { allTopics, encodeEvent, TicketEvent, topics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { until } from '@tributary/testing';
import { cacheDirectory, cachedFolder, dieWithParent } from '@tributary/testing/servers';
import { expect, inject, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const document = readFileSync(join(root, 'docs/integrating.md'), 'utf8');
const contracts = readFileSync(join(root, 'proto/tributary/tickets/v1/tickets.proto'), 'utf8');
const brokers = inject('kafkaBrokers');

function block(language: string): string {
  const found = [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))];
  expect(found).toHaveLength(1);
  return found[0]?.[1] as string;
}

/** What the document's commands make of the .proto files, kept between runs. */
function install(): Promise<string> {
  const commands = block('sh');
  const version = createHash('sha256').update(commands).update(contracts).digest('hex').slice(0, 16);
  return cachedFolder(cacheDirectory(), `integrating-${version}`, async (folder) => {
    cpSync(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
    await promisify(execFile)('sh', ['-ec', commands], { cwd: folder });
  });
}

/** The document's program, in a process of its own. */
function follow(folder: string, script: string, topic: string, group: string) {
  const [program, ...args] = dieWithParent([join(folder, 'venv/bin/python'), script, topic]);
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, KAFKA_BROKERS: brokers, GROUP: group },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return {
    lines,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

test('a Python consumer made of the .proto files and docs/integrating.md sees each event once, in order, and goes on after a restart', {
  timeout: 300_000,
}, async ({ skip }) => {
  if (brokers === undefined) return skip('no Kafka here');
  let folder: string;
  try {
    folder = await install();
  } catch (error) {
    if (process.env['TRIBUTARY_REQUIRE_SERVERS'] === '1') throw error;
    return skip(`no Python with the packages here: ${(error as Error).message}`);
  }
  const scratch = await mkdtemp(join(tmpdir(), 'tributary-integrating-'));
  const script = join(scratch, 'consumer.py');
  await writeFile(script, block('python'));
  const topicPrefix = `${randomUUID()}.`;
  const topic = topicPrefix + topics.ticketEvents.name;
  await using log = await openKafkaLog({ brokers: brokers.split(','), clientId: 'test', topicPrefix });
  await log.applyTopics(allTopics.filter(({ name }) => name === topics.ticketEvents.name));
  const event = (ticket: string, sequence: number, change: TicketEvent['change']) =>
    encodeEvent(
      topics.ticketEvents,
      TicketEvent.fromPartial({
        id: `${ticket}-${sequence}`,
        ticketId: ticket,
        ticketNumber: `2026-${ticket}`,
        sequence: BigInt(sequence),
        time: new Date(),
        ownerId: 'mei',
        ...(change && { change }),
      }),
      'test',
    );
  const [created, assigned, resolved] = (['created', 'assigned', 'resolved'] as const).map((change, index) =>
    event('a', index + 1, { $case: change, value: {} } as TicketEvent['change']),
  ) as [ReturnType<typeof event>, ReturnType<typeof event>, ReturnType<typeof event>];
  const foreign = { ...created, headers: { ...created.headers, ce_type: 'somebody.else.v1.Thing' } };
  try {
    await log.append([created, assigned, assigned, foreign, resolved, assigned]);
    const first = follow(folder, script, topic, `${topicPrefix}python`);
    await until('what is in the topic', () => first.lines.length >= 3, { timeoutMs: 60_000 });
    await until(
      'its offsets to be committed',
      async () => {
        const lags = await log.lag('python');
        return lags.length > 0 && lags.every(({ lag }) => lag === 0);
      },
      { timeoutMs: 60_000 },
    );
    expect(await first.stop()).toBe(0);
    expect(first.lines).toEqual(['2026-a 1 created mei', '2026-a 2 assigned mei', '2026-a 3 resolved mei']);
    await log.append([event('a', 4, { $case: 'closed', value: {} } as TicketEvent['change'])]);
    const second = follow(folder, script, topic, `${topicPrefix}python`);
    await until('what came meanwhile', () => second.lines.length >= 1, { timeoutMs: 60_000 });
    expect(await second.stop()).toBe(0);
    expect(second.lines).toEqual(['2026-a 4 closed mei']);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
