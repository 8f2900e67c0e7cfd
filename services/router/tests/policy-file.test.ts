import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PolicyError, parsePolicy } from '../src/adapters/policy-file.ts';
import { smallPolicy, startHarness } from './harness.ts';

const lineOf = (source: string, text: string) => source.slice(0, source.indexOf(text)).split('\n').length;

/** The errors of a small policy in which `from` is `to`. */
function errorsOf(from: string, to: string): { readonly message: string; readonly line: number } {
  const source = smallPolicy().replace(from, to);
  try {
    parsePolicy(source, 'policy.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    return { message: (error as Error).message, line: lineOf(smallPolicy(), from) };
  }
  throw new Error('it was taken');
}

describe('I9: a bad policy is refused with file, line, column, field and reason', () => {
  test.each([
    ['a wrong choice', 'type: hardware_fault, phr', 'type: hardware, phr', 'types.rules[0].type: Invalid option'],
    ['a wrong time', 'urgent: 60s', 'urgent: soon', 'steps[0].expires_after.urgent: must be a time such as "30s"'],
    [
      'a region that does not exist',
      'default_region: emea',
      'default_region: moon',
      '"moon" is not a region of this policy',
    ],
    [
      'a skill that no rule asks for',
      'skill: hardware, proficiency: 3 },',
      'skill: knitting, proficiency: 3 },',
      '"knitting" is not a skill',
    ],
    [
      'a proficiency out of range',
      'proficiency: 3 }\n  - { id: soft',
      'proficiency: 9 }\n  - { id: soft',
      'skills[0].proficiency: Too big',
    ],
    [
      'a time zone that does not exist',
      'Europe/Berlin',
      'Europe/Atlantis',
      'agents[0].time_zone: must be an IANA time zone',
    ],
    [
      'a last step that expires',
      'normal: never }\ncap',
      'normal: 5m }\ncap',
      'steps[1].expires_after.normal: the last step must never expire',
    ],
    ['an offer without its time', 'offers: {}', 'offers: { phone: {} }', 'offers.phone.timeout: Invalid input'],
    [
      'an offer that never times out',
      'offers: {}',
      'offers: { phone: { timeout: never } }',
      'offers.phone.timeout: must not be "never" or 0',
    ],
    [
      'an offer for longer than anybody waits',
      'offers: {}',
      'offers: { phone: { timeout: 1h } }',
      'offers.phone.timeout: must be at most "15m"',
    ],
    [
      'an offered channel that takes no units of its own',
      'offers: {}',
      'offers: { fone: { timeout: 20s } }',
      'offers.fone: "fone" is not a channel of capacity.channels of this policy; known are chat, phone',
    ],
    [
      'a count of missed offers that is none',
      'offers: {}',
      'offers: { phone: { timeout: 20s, not_answering_after: 0 } }',
      'offers.phone.not_answering_after: must be 1 or more, or "never"',
    ],
    [
      'a wrong fate of tickets whose customer left',
      'offers: {}',
      'offers: { phone: { timeout: 20s, when_customer_leaves: forget } }',
      'offers.phone.when_customer_leaves: Invalid option',
    ],
    [
      'a call address that nobody can ring',
      'call_address: ""',
      'call_address: tel:030123',
      'agents[0].call_address: must be "tel:" and a number',
    ],
    [
      'an unknown field',
      'queues: { default',
      'queues: { fallback: general, default',
      'queues.fallback: Unrecognized key',
    ],
    [
      'a rule of that name twice',
      'id: software, type',
      'id: hardware, type',
      'types.rules[1].id: "hardware" is there twice',
    ],
    [
      'a pattern that is none',
      'phrases: [app crashes]',
      "patterns: ['(']",
      'types.rules[1].patterns[0]: is not a regular expression',
    ],
  ])('%s', (_, from, to, reason) => {
    const { message, line } = errorsOf(from, to);
    expect(message).toMatch(new RegExp(`^policy\\.yaml:${line}:\\d+: `));
    expect(message).toContain(reason);
  });

  test('broken YAML', () => {
    expect(errorsOf('version: test', 'version: [test').message).toMatch(/^policy\.yaml:\d+:\d+: /);
  });

  test('everything wrong is named at once', () => {
    const { message } = errorsOf('default_region: emea', 'default_region: 7\nlanguage: en');
    expect(message.split('\n')).toHaveLength(2);
  });

  test('a missing part is named where it should stand', () => {
    expect(errorsOf('default_region: emea', '').message).toContain('policy.yaml:1:1: default_region: ');
  });
});

test('I9: a bad policy never replaces a good one', async () => {
  await using harness = await startHarness();
  const router = await harness.startRouter();
  const before = await harness.decisionOn(await harness.write());
  await writeFile(harness.policyFile, 'version: 2\n');
  expect(await router.reloadPolicy()).toBe(false);
  expect((await harness.decisionOn(await harness.write())).policyVersion).toBe(before.policyVersion);

  await writeFile(harness.policyFile, smallPolicy().replace('version: test', 'version: second'));
  expect(await router.reloadPolicy()).toBe(true);
  expect((await harness.decisionOn(await harness.write())).policyVersion).toMatch(/^second\+/);
});

test('the version is the file’s own and a hash of its content', () => {
  const source = smallPolicy();
  const { version } = parsePolicy(source, 'policy.yaml');
  expect(version).toMatch(/^test\+[0-9a-f]{12}$/);
  expect(parsePolicy(source, 'elsewhere.yaml').version).toBe(version);
  expect(parsePolicy(`${source}# note\n`, 'policy.yaml').version).not.toBe(version);
});

test('the demo policy is a policy', async () => {
  const path = fileURLToPath(new URL('../policies/demo.yaml', import.meta.url));
  const policy = parsePolicy(await readFile(path, 'utf8'), path);
  expect(policy.agents.length).toBeGreaterThanOrEqual(8);
  expect(new Set(policy.agents.map(({ timeZone }) => timeZone)).size).toBeGreaterThan(5);
  expect(new Set(policy.typeRules.map(({ type }) => type)).size).toBe(5);
});
