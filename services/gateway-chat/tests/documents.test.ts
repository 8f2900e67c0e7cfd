import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { chatVariables, readChatConfig } from '../src/config.ts';
import { refusalCodes } from '../src/domain/refusal.ts';
import { frameTypes, readFrame } from '../src/entrypoints/client-frames.ts';

/** Table columns may be padded. */
const read = async (path: string) => (await readFile(new URL(path, import.meta.url), 'utf8')).replace(/ +\|/g, ' |');
const protocol = await read('../../../docs/chat-protocol.md');

test('the protocol describes every frame a client may send, and every error', () => {
  for (const name of [...frameTypes, ...refusalCodes]) expect(protocol).toContain(`| \`${name}\` |`);
});

test('the protocol describes every frame the server sends', async () => {
  const source = await read('../src/entrypoints/server-frames.ts');
  const types = [...source.matchAll(/type: '(\w+)'/g)].map(([, type]) => type);
  expect(types.length).toBeGreaterThan(6);
  for (const type of types) expect(protocol).toMatch(new RegExp(`\\| \`${type}\` \\|`));
});

test('every frame of the example that a client sends is one', () => {
  const example = /```\n([^`]*)```/.exec(protocol)?.[1] ?? '';
  const sent = [...example.matchAll(/^→ (\{.*(?:\n {3}.*)*)/gm)].map(([, frame]) => String(frame).replace(/…/g, ''));
  expect(sent.length).toBeGreaterThan(4);
  for (const frame of sent) expect(() => readFrame(frame)).not.toThrow();
});

test('the README has every variable with its default', async () => {
  const readme = await read('../README.md');
  const { limits } = readChatConfig({});
  for (const name of Object.keys(chatVariables)) expect(readme).toContain(`| \`${name}\` |`);
  expect(readme).toContain(`| \`CHAT_MAX_UPLOAD_BYTES\` | ${limits.uploadBytes} |`);
  for (const type of limits.uploadMediaTypes) expect(readme).toContain(`\`${type}\``);
});
