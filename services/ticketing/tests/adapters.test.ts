import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { ConfigError } from '@tributary/runtime';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openTicketNumbers } from '../src/adapters/docstore-intake.ts';
import { loadTemplates, TemplateError } from '../src/adapters/yaml-templates.ts';
import { readTicketingConfig } from '../src/config.ts';

describe('ticket numbers', () => {
  test('T1: are never given twice, however many replicas take blocks of whatever size at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
        async (replicas) => {
          await using store = await openEmbeddedStore({ folder: ':memory:' });
          const now = () => Date.parse('2026-05-01T08:00:00Z');
          const blocks = await Promise.all(
            replicas.flatMap(async (sizes) => {
              const numbers = await openTicketNumbers(store, 'UTC', now);
              return Promise.all(sizes.map((size) => numbers.allocate(size)));
            }),
          );
          const all = blocks.flat(2);
          const total = replicas.flat().reduce((sum, size) => sum + size, 0);
          const expected = Array.from({ length: total }, (_, i) => `20260501${String(i + 1).padStart(3, '0')}`);
          expect(all.sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ['Asia/Shanghai', '20260502001'],
    ['UTC', '20260501001'],
    ['America/Los_Angeles', '20260501001'],
  ])('T1: count the day in the deployment’s time zone: %s', async (zone, number) => {
    await using store = await openEmbeddedStore({ folder: ':memory:' });
    const numbers = await openTicketNumbers(store, zone, () => Date.parse('2026-05-01T16:30:00Z'));
    expect(await numbers.allocate(1)).toEqual([number]);
  });
});

describe('templates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'templates-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const good = "acknowledgement:\n  subject: S\n  text: 'N {number}'\n  live: L\n";
  beforeEach(() => writeFileSync(join(folder, 'en.yaml'), good));
  const failure = (file: string, content: string) => {
    writeFileSync(join(folder, file), content);
    try {
      loadTemplates(folder, 'en');
    } catch (error) {
      return error;
    } finally {
      rmSync(join(folder, file));
    }
    return undefined;
  };

  test('that come with the service load, and a language finds the nearest', () => {
    const template = loadTemplates(fileURLToPath(new URL('../templates', import.meta.url)), 'en');
    expect(['zh', 'zh-CN', 'EN-gb', 'fi', 'und', ''].map((tag) => template(tag).language)).toEqual([
      'zh',
      'zh',
      'en',
      'en',
      'en',
      'en',
    ]);
  });

  test('that do not fit are refused with the file and the key', () => {
    expect(failure('de.yaml', 'acknowledgement:\n  subject: S\n  live: L\n')).toMatchObject({
      message: `${join(folder, 'de.yaml')}: acknowledgement.text: must be a text`,
    });
    expect(failure('de.yaml', good.replace('{number}', ''))).toMatchObject({
      message: `${join(folder, 'de.yaml')}: acknowledgement.text: must contain {number}`,
    });
    expect(String(failure('de.yaml', `${good}  public: "Number {number}"\n`))).toContain(
      'acknowledgement.public: must not contain {number} or other facts',
    );
    expect(String(failure('de.yaml', good.replace('live', 'life')))).toContain('life');
    expect(failure('de.yaml', 'a: [')).toBeInstanceOf(TemplateError);
    expect(String(failure('not_a_language!.yaml', good))).toContain('must be a language tag');
    expect(() => loadTemplates(folder, 'fr')).toThrow('fr.yaml: is missing');
  });
});

describe('configuration', () => {
  test('has a default for everything', () => {
    expect(readTicketingConfig({})).toEqual({
      timeZone: 'UTC',
      liveChannels: ['chat', 'phone'],
      publicFirstChannels: ['webhook', 'weibo'],
      publicFirstTypes: ['hardware_fault', 'software_bug', 'complaint'],
      templateFolder: undefined,
      defaultLanguage: 'en',
      acknowledgementsPerHour: 5,
    });
  });

  test('that is wrong is refused with every variable and what is allowed', () => {
    const read = () =>
      readTicketingConfig({ TIME_ZONE: 'Mars/Base', PUBLIC_FIRST_TYPES: 'rage', ACKNOWLEDGEMENTS_PER_HOUR: '-1' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      /TIME_ZONE: must be an IANA time zone[\s\S]*PUBLIC_FIRST_TYPES[\s\S]*complaint[\s\S]*ACKNOWLEDGEMENTS_PER_HOUR: must be 0 or more/,
    );
  });
});
