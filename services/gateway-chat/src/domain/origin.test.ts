import { expect, test } from 'vitest';
import { isOriginAllowed } from './origin.ts';

test.each([
  ['no browser page', undefined, 'chat.example', [], true],
  ["the server's own page", 'https://chat.example', 'chat.example', [], true],
  ["the server's own page with a port", 'http://localhost:8080', 'localhost:8080', [], true],
  ['another port is another origin', 'http://localhost:9090', 'localhost:8080', [], false],
  ['a named one', 'https://shop.example', 'chat.example', ['https://shop.example'], true],
  ['the same without TLS', 'http://shop.example', 'chat.example', ['https://shop.example'], false],
  ['a longer name', 'https://shop.example.evil.example', 'chat.example', ['https://shop.example'], false],
  ['a sandboxed page', 'null', 'chat.example', ['https://shop.example'], false],
  ['any, when all may', 'https://anything.example', 'chat.example', ['*'], true],
])('%s', (_what, origin, host, allowed, expected) => {
  expect(isOriginAllowed(origin, host, allowed)).toBe(expected);
});
