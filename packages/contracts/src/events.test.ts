import { expect, test } from 'vitest';
import {
  Delivery,
  decodeEvent,
  decodeStatusDetails,
  encodeEvent,
  encodeStatusDetails,
  inboundMessageId,
  invalidArgument,
  MalformedEventError,
  StatusError,
  topics,
} from './index.ts';

const delivery = Delivery.fromPartial({
  id: 'd1',
  outboundMessageId: 'o1',
  ticketId: 't1',
  channel: 'email',
  account: 'support',
  conversationKey: 'email:c1',
  status: 1,
  time: new Date('2026-11-22T08:00:00Z'),
});

test('an event survives encoding, with CloudEvents headers in binary mode', () => {
  const record = encodeEvent(topics.delivery, delivery, 'tributary/gateway-email');
  expect(record).toMatchObject({
    topic: 'messages.delivery.v1',
    key: 'email:c1',
    headers: {
      ce_specversion: '1.0',
      ce_id: 'd1',
      ce_type: 'tributary.messages.v1.Delivery',
      ce_source: 'tributary/gateway-email',
      ce_time: '2026-11-22T08:00:00.000Z',
      'content-type': 'application/protobuf',
    },
  });
  expect(decodeEvent(topics.delivery, record)).toEqual(delivery);
});

test('a record of another type, or cut short, is refused as malformed', () => {
  const record = encodeEvent(topics.delivery, delivery, 'test');
  expect(() => decodeEvent(topics.inbound, record)).toThrow(MalformedEventError);
  expect(() => decodeEvent(topics.delivery, { ...record, value: record.value.slice(0, -3) })).toThrow(
    MalformedEventError,
  );
});

test('the same provider message always has the same id, and parts never run together', () => {
  expect(inboundMessageId('email', 'a', 'b')).toBe(inboundMessageId('email', 'a', 'b'));
  expect(inboundMessageId('email', 'a', 'bc')).not.toBe(inboundMessageId('email', 'ab', 'c'));
});

test('bad fields travel as google.rpc.BadRequest', () => {
  const error = invalidArgument({ field: 'context.command_id', description: '1 to 128 characters' });
  expect(error).toBeInstanceOf(StatusError);
  expect(decodeStatusDetails(encodeStatusDetails(error))).toEqual(error.violations);
});
