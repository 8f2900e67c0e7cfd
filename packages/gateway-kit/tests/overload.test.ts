import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { openWorld } from '../contract/world.ts';
import { createChannel, startPigeonPost } from './pigeon-post.ts';

const module = new URL('./pigeon-post.ts', import.meta.url).href;

test('twice what the log takes is answered 503 with Retry-After; what was acknowledged is all there; then it goes on by itself', async () => {
  const world = await openWorld({ module, createChannel, startProvider: startPigeonPost }, undefined);
  await world.open();
  const { calls } = world.provider;
  const write = async (id: number) => {
    const call = calls?.message(
      { id: `m${id}`, conversation: `c${id}`, text: `message ${id}` },
      world.url,
      world.clock.now(),
    );
    if (call === undefined) throw new Error('pigeons bring messages by webhook');
    const { method, path, headers, body } = call;
    const response = await fetch(world.url + path, { method, headers, body: Buffer.from(body) });
    await response.arrayBuffer();
    return { id, status: response.status, retryAfter: response.headers.get('retry-after') };
  };

  const acknowledged: number[] = [];
  for (let round = 0; round < 3; round++) {
    const release = world.holdLog();
    const first = round * 100;
    const early = Array.from({ length: 50 }, (_, index) => write(first + index));
    await until('the log to hold them', () => world.held === 50);
    await world.clock.advance(4001);
    const late = await Promise.all(Array.from({ length: 50 }, (_, index) => write(first + 50 + index)));
    expect(new Set(late.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(new Set(['503 5']));
    // Nothing of them went further than the door.
    expect(world.held).toBe(50);
    release();
    const answers = await Promise.all(early);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    acknowledged.push(...answers.map(({ id }) => id));
  }
  acknowledged.push((await write(1000)).id);

  await until('all that was acknowledged', () => world.inbound.length >= acknowledged.length);
  const texts = world.inbound.map(({ text }) => text).sort();
  expect(texts).toEqual(acknowledged.map((id) => `message ${id}`).sort());
});
