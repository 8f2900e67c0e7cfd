import { allTopics, encodeEvent, InboundMessage, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cli } from './cli.ts';

const message = (id: string, conversationKey = 'email:1') =>
  encodeEvent(
    topics.inbound,
    InboundMessage.fromJSON({
      id,
      conversationKey,
      channel: 'email',
      text: 'Hello',
      receivedTime: '2026-11-22T08:00:00Z',
    }),
    'tributary/test',
  );
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

let log: EventLog;
beforeEach(async () => {
  log = await openEmbeddedLog({ folder: ':memory:' });
});
afterEach(() => log[Symbol.asyncDispose]());

describe('topics', () => {
  test('apply creates what the contracts declare, with dead-letter topics, and may be repeated', async () => {
    const first = await cli(['topics', 'apply', '--json'], { log });
    expect(JSON.parse(first.stdout).created).toEqual(
      expect.arrayContaining(allTopics.flatMap(({ name }) => [name, `${name}.dlq`])),
    );
    expect((await cli(['topics', 'apply'], { log })).stdout).toBe('All topics are as declared.\n');
    const { stdout } = await cli(['topics', 'list'], { log });
    expect(stdout).toMatch(/^messages\.inbound\.v1 +12 +14 d +0$/m);
    expect(stdout).toMatch(/^messages\.inbound\.v1\.dlq +1 +for ever +0$/m);
  });
});

test('a topic that the log does not have yet is not found', async () => {
  for (const rest of [[], ['--from', 'start', '--no-follow']]) {
    const { exitCode, stderr } = await cli(['tail', 'messages.inbound.v1', ...rest], { log });
    expect(exitCode).toBe(3);
    expect(stderr).toContain("'tributary topics apply' creates it");
  }
});

describe('tail', () => {
  beforeEach(() => log.applyTopics(allTopics));

  test('prints each event as one line of JSON with its CloudEvents attributes and its place', async () => {
    await log.append([message('m1')]);
    const { stdout, exitCode } = await cli(['tail', 'messages.inbound.v1', '--from', 'start', '--no-follow'], { log });
    expect(exitCode).toBe(0);
    expect(linesOf(stdout)).toEqual([
      {
        specversion: '1.0',
        id: 'm1',
        type: 'tributary.messages.v1.InboundMessage',
        source: 'tributary/test',
        subject: 'email:1',
        time: '2026-11-22T08:00:00.000Z',
        datacontenttype: 'application/json',
        topic: 'messages.inbound.v1',
        partition: expect.any(Number),
        offset: expect.any(Number),
        partitionkey: 'email:1',
        logtime: expect.stringMatching(/^\d{4}-/),
        data: InboundMessage.toJSON(InboundMessage.decode(message('m1').value)),
      },
    ]);
  });

  test('--key and --limit narrow it; a time begins there', async () => {
    await log.append([message('a', 'x'), message('b', 'y'), message('c', 'x'), message('d', 'x')]);
    const words = ['tail', 'messages.inbound.v1', '--from', '2020-01-01', '--key', 'x', '--limit', '2'];
    const { stdout } = await cli(words, { log });
    expect(linesOf(stdout).map(({ id }) => id)).toEqual(['a', 'c']);
    const later = await cli(['tail', 'messages.inbound.v1', '--from', '2999-01-01', '--no-follow'], { log });
    expect(later.stdout).toBe('');
  });

  test('follows what comes until Ctrl-C', async () => {
    const interrupt = new AbortController();
    const printed: string[] = [];
    const print = (text: string) => printed.push(text);
    const running = cli(['tail', 'messages.inbound.v1', '--from', 'start'], { log, signal: interrupt.signal, print });
    for (const id of ['m1', 'm2']) {
      await log.append([message(id)]);
      await until(`the line of ${id}`, () => printed.some((line) => line.includes(`"id":"${id}"`)));
    }
    interrupt.abort();
    expect((await running).exitCode).toBe(130);
  });

  test('what cannot be decoded is printed with its bytes and the reason, and stops nothing', async () => {
    await log.append([
      { topic: 'messages.inbound.v1', key: 'k', value: Buffer.from('junk'), headers: {} },
      message('m1', 'k'),
    ]);
    const { stdout } = await cli(['tail', 'messages.inbound.v1', '--from', 'start', '--no-follow'], { log });
    const [bad, good] = linesOf(stdout);
    expect(bad).toMatchObject({
      malformed: expect.stringContaining('ce_type'),
      data_base64: 'anVuaw==',
      partitionkey: 'k',
    });
    expect(good).toMatchObject({ id: 'm1' });
  });

  test('an unknown topic is not found, and the known ones are named', async () => {
    const { exitCode, stderr } = await cli(['tail', 'messages.inbound'], { log });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('messages.inbound.v1, messages.inbound.v1.dlq');
  });
});

describe('dlq', () => {
  const words = (line: string) => line.split(' ');

  beforeEach(async () => {
    await log.applyTopics(allTopics);
    await log.append([message('m1'), message('m2')]);
    const consumer = await log.consume({
      group: 'router',
      topics: ['messages.inbound.v1'],
      handle: async (batch) => {
        for (const record of batch.records) await batch.deadLetter(record, new Error(`bad ${record.headers['ce_id']}`));
      },
    });
    await until('the dead letters', async () =>
      (await log.listTopics()).some(({ name, records }) => name === 'messages.inbound.v1.dlq' && records === 2),
    );
    await consumer.stop();
  });

  test('list shows cause, group and key of each', async () => {
    const { stdout } = await cli(['dlq', 'list'], { log });
    expect(stdout).toMatch(/messages\.inbound\.v1 +0-\d+ .* router +email:1 +- +Error: bad m1/);
    const one = await cli(words('dlq list messages.inbound.v1.dlq --json'), { log });
    expect(JSON.parse(one.stdout).deadLetters).toHaveLength(2);
    expect((await cli(words('dlq list tickets.events.v1'), { log })).stderr).toBe('No dead letters.\n');
  });

  test('show prints the content; an unknown id is not found', async () => {
    const { deadLetters } = JSON.parse((await cli(words('dlq list --json'), { log })).stdout);
    const [{ id }] = deadLetters;
    const { stdout } = await cli(['dlq', 'show', 'messages.inbound.v1', id], { log });
    expect(stdout).toMatch(/cause +Error: bad m1/);
    expect(stdout).toContain('"text": "Hello"');
    const unknown = await cli(words('dlq show messages.inbound.v1 7-7'), { log });
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain('There is no dead letter 7-7');
  });

  test('replay puts them back once; again only when asked', async () => {
    const { stdout } = await cli(words('dlq replay messages.inbound.v1 --all --json'), { log });
    const { replayed } = JSON.parse(stdout);
    expect(replayed).toHaveLength(2);
    const tail = await cli(words('tail messages.inbound.v1 --from start --no-follow'), { log });
    expect(linesOf(tail.stdout).map(({ id }) => id)).toEqual(['m1', 'm2', 'm1', 'm2']);
    expect((await cli(words('dlq list'), { log })).stderr).toBe('No dead letters.\n');
    expect(JSON.parse((await cli(words('dlq list --all --json'), { log })).stdout).deadLetters).toHaveLength(2);

    const again = await cli(['dlq', 'replay', 'messages.inbound.v1', replayed[0]], { log });
    expect(again.exitCode).toBe(5);
    expect(again.stderr).toContain('--again');
    expect((await cli(['dlq', 'replay', 'messages.inbound.v1', replayed[0], '--again'], { log })).exitCode).toBe(0);
    const notes = await cli(words('tail messages.inbound.v1.dlq --from start --no-follow'), { log });
    expect(linesOf(notes.stdout).at(-1)).toMatchObject({ dlqreplayed: replayed[0] });
  });
});
