import { expect, test } from 'vitest';
import { readChatConfig } from './config.ts';

test('works without any setting, for pages of the same server', () => {
  const config = readChatConfig({});
  expect(config).toMatchObject({
    site: 'demo',
    origins: [],
    tokenKey: undefined,
    sessionDays: 30,
    heartbeatMs: 25_000,
  });
  expect(config.rates.messagesPerSession).toEqual({ perMinute: 60, burst: 20 });
});

test('reads origins, types and a key', () => {
  const config = readChatConfig({
    CHAT_ORIGINS: 'https://shop.example, https://www.shop.example',
    CHAT_UPLOAD_TYPES: 'image/png,application/pdf',
    CHAT_TOKEN_KEY: Buffer.alloc(32, 1).toString('base64'),
  });
  expect(config.origins).toEqual(['https://shop.example', 'https://www.shop.example']);
  expect(config.limits.uploadMediaTypes).toEqual(['image/png', 'application/pdf']);
  expect(config.tokenKey).toHaveLength(32);
});

test('names every wrong setting at once, with what is allowed', () => {
  const read = () =>
    readChatConfig({
      CHAT_SITE: 'My Shop',
      CHAT_ORIGINS: 'shop.example',
      CHAT_TOKEN_KEY: 'c2hvcnQ=',
      CHAT_UPLOAD_TYPES: 'image/svg+xml',
      CHAT_MAX_UPLOAD_BYTES: 'many',
    });
  expect(read).toThrow('CHAT_SITE: must be 1 to 63');
  expect(read).toThrow('each must be * or an origin such as https://shop.example');
  expect(read).toThrow('CHAT_TOKEN_KEY: must be at least 32 bytes');
  expect(read).toThrow('each must be one of image/png');
  expect(read).toThrow('CHAT_MAX_UPLOAD_BYTES: must be a number');
});

test('a visitor who is there must not count as gone: the time to leave is at least twice the heartbeat', () => {
  expect(readChatConfig({ CHAT_HEARTBEAT_MS: '60000' }).leftAfterMs).toBe(120_000);
  expect(() => readChatConfig({ CHAT_LEFT_AFTER_MS: '40000' })).toThrow('CHAT_LEFT_AFTER_MS: must be at least 50000');
});
