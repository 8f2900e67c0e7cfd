import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

const require = createRequire(import.meta.url);
const produce = require('kafkajs/src/protocol/requests/produce/v7/request');
const murmur2 = require('kafkajs/src/producer/partitioners/default/murmur2');
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C');
const Encoder = require('kafkajs/src/protocol/encoder');

/** The same sequence at every run (mulberry32): the hashes below were made of it by kafkajs 2.2.4 as published. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

test('the patched client sends the bytes of the published one', async () => {
  const below = sequence(1);
  const bytes = (most: number) => Buffer.from(Array.from({ length: below(most) }, () => below(256)));
  const oneOf = (...choices: unknown[]) => choices[below(choices.length)];
  const message = () => ({
    key: oneOf(null, `key-${below(1000)}`, bytes(40), '会话-7'),
    value: oneOf(null, 'värde 会话', bytes(3000), bytes(200)),
    headers: oneOf(
      undefined,
      {},
      { ce_id: 'a', raw: bytes(400) },
      { twice: ['1', bytes(3)], ['会'.repeat(below(40))]: 'y'.repeat(below(600)) },
    ),
    timestamp: 1_600_000_000_000 + below(oneOf(100, 2 ** 33) as number),
  });
  const hash = createHash('sha256');
  for (let request = 0; request < 500; request++) {
    const messages = Array.from({ length: 1 + below(20) }, message);
    const partitions = [{ partition: below(12), firstSequence: 0, messages }];
    hash.update(
      (await produce({ acks: -1, timeout: 10_000, topicData: [{ topic: 't', partitions }] }).encode()).buffer,
    );
  }
  expect(hash.digest('hex')).toBe('b7928932d65fa243606ab8703729f86d88a5cf74ab722f23aef885b0245d0719');
});

test('the patched client sends a key to the partition that the published one chose', () => {
  const below = sequence(2);
  const hash = createHash('sha256');
  for (let length = 0; length < 2000; length++) {
    const key = Buffer.from(Array.from({ length: length % 70 }, () => below(256)));
    hash.update(`${murmur2(key)},${murmur2(key.toString('latin1'))};`);
  }
  expect(hash.digest('hex')).toBe('b25ae91a4ef66f4e026621c1019ef2f1dccc046ca7cd50a9e36ca812559d7f11');
});

test('integers of every length keep their bytes', () => {
  const hash = createHash('sha256');
  for (let bits = 0; bits < 53; bits++) {
    for (const value of [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1]) {
      hash.update(new Encoder().writeVarLong(value).buffer).update(String(Encoder.sizeOfVarLong(value)));
      if (bits < 31) hash.update(new Encoder().writeVarInt(value).buffer);
    }
  }
  expect(hash.digest('hex')).toBe('c9d6d766c43e7eeedb991be027532d0bdf450ef769d1f6e8626239f4d7d912ff');
});

test('the checksum is CRC-32C', () => {
  // RFC 3720, appendix B.4.
  expect(crc32C(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32C(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(crc32C(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))).toBe(0x46dd794e);
  expect(crc32C(Buffer.from('123456789'))).toBe(0xe3069283);
});
