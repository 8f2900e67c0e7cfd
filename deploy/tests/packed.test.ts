import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, nodeArguments, pack } from './packed.ts';

const services = readdirSync(join(import.meta.dirname, '../../services'));

beforeAll(build, 300_000);

describe.each(services)('%s as its image holds it', (service) => {
  let folder = '';
  beforeAll(async () => {
    folder = await pack(service);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('starts with plain Node, without the repository: it names what it needs', () => {
    const { status, stderr } = spawnSync(process.execPath, [...nodeArguments, 'dist/main.js'], {
      cwd: folder,
      encoding: 'utf8',
      env: {},
    });
    expect(stderr).toContain('KAFKA_BROKERS: must name at least one broker as host:port');
    expect(status).toBe(1);
  });

  test('holds nothing of tests and development', () => {
    const packages = readdirSync(join(folder, 'node_modules/.pnpm')).map((name) => name.replace(/(?<=.)@.*/, ''));
    for (const unwanted of ['@tributary+testing', '@tributary+standalone', 'vitest', 'typescript', 'testcontainers']) {
      expect(packages).not.toContain(unwanted);
    }
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(paths.filter((path) => /\.test\.js$|\.[cm]?ts$/.test(path))).toEqual([]);
    expect(existsSync(join(folder, 'proto/tributary'))).toBe(true);
  });
});
