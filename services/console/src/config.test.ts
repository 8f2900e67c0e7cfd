import { expect, test } from 'vitest';
import { readConsoleConfig } from './config.ts';

test('the feed is on where everything runs on one machine, and off on a shared Kafka unless asked for', () => {
  expect(readConsoleConfig({}).feed).toBe(true);
  expect(readConsoleConfig({ KAFKA_BROKERS: 'kafka:9092' }).feed).toBe(false);
  expect(readConsoleConfig({ KAFKA_BROKERS: 'kafka:9092', CONSOLE_FEED: 'on' }).feed).toBe(true);
  expect(readConsoleConfig({ CONSOLE_FEED: 'off' }).feed).toBe(false);
});

test('every wrong variable is named at once', () => {
  expect(() => readConsoleConfig({ CONSOLE_FEED: 'maybe', CHAT_URL: 'file:///etc/passwd', SMTP_PORT: 'x' })).toThrow(
    /CONSOLE_FEED: must be 'on' or 'off'[\s\S]*CHAT_URL[\s\S]*SMTP_PORT/,
  );
});

test('addresses of simulators that are none are told at the start', () => {
  for (const SIMULATORS of ['x', '[]', '{"telegram":"file:///etc"}', '{"../x":"http://a"}']) {
    expect(() => readConsoleConfig({ SIMULATORS })).toThrow('SIMULATORS: must be a JSON object of http:// URLs');
  }
});
