import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { readPolicyFile } from '../src/adapters/policy-file.ts';
import { type Grade, type GradingInput, severities, ticketTypes } from '../src/domain/grading/grade.ts';
import { gradeMessage } from '../src/domain/grading/grade-message.ts';
import type { Policy } from '../src/domain/policy/policy.ts';
import { gradingMessages } from './grading-messages.ts';

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicyFile(fileURLToPath(new URL('../policies/demo.yaml', import.meta.url)));
});

const grade = (text: string, fields: Partial<GradingInput> = {}): Grade =>
  gradeMessage(
    {
      subject: '',
      text,
      channel: 'email',
      account: 'support@example.com',
      contactKind: 'email',
      contactAddress: 'somebody@example.com',
      languageHint: '',
      regionHint: '',
      ...fields,
    },
    policy,
  );
const reasonOf = ({ reasons }: Grade, field: string) => reasons.find((reason) => reason.field === field);

test('G1: the demo policy grades more than 85 % as a trained agent would', () => {
  const wrong: string[] = [];
  let types = 0;
  let gravities = 0;
  for (const [text, type, severity] of gradingMessages) {
    const given = grade(text);
    if (given.type === type) types++;
    if (given.severity === severity) gravities++;
    if (given.type !== type || given.severity !== severity) {
      wrong.push(`${text}: ${given.type} ${given.severity}, not ${type} ${severity}`);
    }
  }
  const share = (right: number) => right / gradingMessages.length;
  const percent = (right: number) => `${(100 * share(right)).toFixed(1)} %`;
  console.info(
    `${gradingMessages.length} messages: type ${percent(types)}, severity ${percent(gravities)}\n${wrong.join('\n')}`,
  );
  expect(new Set(gradingMessages.map(([, type]) => type)).size).toBe(ticketTypes.length);
  expect(new Set(gradingMessages.map(([, , severity]) => severity)).size).toBe(severities.length);
  expect(share(types)).toBeGreaterThan(0.85);
  expect(share(gravities)).toBeGreaterThan(0.85);
});

describe('a grade', () => {
  test('gives a reason for every field, with what matched', () => {
    const given = grade('The charger smokes, there is smoke everywhere', { subject: 'Help' });
    for (const field of ['type', 'severity', 'complexity', 'language', 'region', 'sentiment', 'skills', 'queue']) {
      expect(reasonOf(given, field), field).toBeDefined();
    }
    expect(reasonOf(given, 'type')?.detail).toContain('"smoke" (6)');
    expect(given.policyVersion).toBe(policy.version);
  });

  test('says so when nothing matched', () => {
    const given = grade('');
    expect(given).toMatchObject({ type: 'usage_question', severity: 'normal', language: 'und', region: 'emea' });
    expect(reasonOf(given, 'type')?.rule).toBe('default-type');
    expect(reasonOf(given, 'language')?.rule).toBe('undetermined');
  });

  test('reads the subject too', () => {
    expect(grade('see above', { subject: 'App crashes' }).type).toBe('software_bug');
  });

  test('takes a phrase after a negation for what it is not', () => {
    expect(grade('There is no smoke, I just ask how to clean it').severity).toBe('normal');
    expect(grade('没有冒烟，请问怎么清洗').severity).toBe('normal');
  });

  test('matches whole words in English, anywhere in Chinese, whatever the width and case', () => {
    expect(grade('ＡＰＰ ｃｒａｓｈｅｓ').type).toBe('software_bug');
    expect(reasonOf(grade('a crashing bore'), 'type')?.detail).toContain('"crashing"');
    expect(reasonOf(grade('the ledger'), 'type')?.rule).toBe('default-type');
    expect(grade('我的手机冒烟了').severity).toBe('urgent');
  });

  test('is the same for the same input', () => {
    for (const [text] of gradingMessages) expect(grade(text)).toEqual(grade(text));
  });
});

describe('the language', () => {
  test.each([
    ['My order has not arrived yet', '', 'en'],
    ['Das Gerät lässt sich nicht einschalten', '', 'de'],
    ['我的订单还没有到', '', 'zh'],
    ['iPhone 15 Pro Max 无法开机', '', 'zh'],
    ['電源が入りません', '', 'ja'],
    ['전원이 켜지지 않아요', '', 'ko'],
    ['hello?', 'en-US', 'en'],
    ['ok', 'zh-CN', 'zh'],
    ['👍', '', 'und'],
    ['12345', '', 'und'],
    ['https://example.com/deutsch', '', 'und'],
  ])('of "%s" with the hint "%s" is %s', (text, languageHint, language) => {
    expect(grade(text, { languageHint }).language).toBe(language);
  });
});

describe('the region', () => {
  test.each([
    ['the phone number', { contactKind: 'phone', contactAddress: '+8613800138000' }, 'cn', 'phone-country'],
    [
      'the phone number before a hint',
      { contactKind: 'phone', contactAddress: '+14155552671', regionHint: 'cn' },
      'americas',
      'phone-country',
    ],
    [
      'the customer’s record',
      { contactAddress: 'li@enterprise.example.com', regionHint: 'emea' },
      'americas',
      'customer-record',
    ],
    ['the country of the mail address', { contactAddress: 'x@firma.de' }, 'emea', 'address-country'],
    ['a hint that is a region', { regionHint: 'apac' }, 'apac', 'region-hint'],
    ['a hint that is a country', { regionHint: 'JP' }, 'apac', 'region-hint'],
    ['the language tag', { languageHint: 'zh-CN' }, 'cn', 'language-country'],
    ['nothing: the default', {}, 'emea', 'default-region'],
    [
      'nonsense: the default',
      { contactKind: 'phone', contactAddress: 'anonymous', regionHint: 'XX' },
      'emea',
      'default-region',
    ],
  ] as const)('comes from %s', (_, fields, region, rule) => {
    const given = grade('hello', fields);
    expect(given.region).toBe(region);
    expect(reasonOf(given, 'region')?.rule).toBe(rule);
  });

  test('comes from the account first', () => {
    policy = { ...policy, accountRegions: { 'email/support@example.com': 'apac' } };
    expect(grade('hello', { contactAddress: 'x@firma.de' }).region).toBe('apac');
  });
});
