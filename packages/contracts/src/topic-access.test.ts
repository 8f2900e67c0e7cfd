import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { topicAccess, topicAccessTable, topicAcls } from './topic-access.ts';
import { allTopics, deadLetterTopic, topics } from './topics.ts';

/** Read by nobody but integrators. */
const forOthers: readonly string[] = [topics.mentions.name];

test('docs/security.md shows who may do what on the log, as it is declared', () => {
  const document = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  expect(document).toContain(topicAccessTable());
});

test('every topic has somebody who writes it and, but for those made for integrators, somebody who reads it, and every name is one of a topic', () => {
  const names = allTopics.map(({ name }) => name);
  const written = new Set(topicAccess.flatMap(({ writes }) => writes));
  const read = new Set(topicAccess.flatMap(({ consumes, tails }) => [...consumes.map(({ topic }) => topic), ...tails]));
  for (const name of names)
    expect([name, written.has(name), read.has(name)]).toEqual([name, true, !forOthers.includes(name)]);
  const known = new Set([...names, ...names.map(deadLetterTopic)]);
  expect([...written, ...read].filter((name) => !known.has(name))).toEqual([]);
});

test('who consumes may write dead letters of that topic; who only reads along may write nothing', () => {
  const of = (service: string) =>
    topicAcls()
      .filter((acl) => acl.service === service)
      .map(({ operation, name, isPrefix }) => `${operation} ${name}${isPrefix ? '*' : ''}`);
  expect(of('ticketing')).toContain('write messages.delivery.v1.dlq');
  expect(of('console').filter((acl) => !acl.startsWith('read '))).toEqual([]);
  expect(of('console')).toContain('read tail-*');
});

test('no permission is given twice', () => {
  const acls = topicAcls().map((acl) => JSON.stringify(acl));
  expect(new Set(acls).size).toBe(acls.length);
});
