import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { documentedVariables, readSettings, services } from './settings.ts';

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly read_only?: boolean;
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
}

const file = join(import.meta.dirname, '../compose.yaml');
const compose = parse(readFileSync(file, 'utf8'), { merge: true }) as {
  services: Record<string, ComposeService>;
  volumes: Record<string, unknown>;
};

/** As compose reads `${NAME:-default}` where nothing is set. */
const withDefaults = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

test.each(services)('%s accepts the environment that compose gives it, and all of it is explained', (service) => {
  const { environment = {}, image, read_only } = compose.services[service] as ComposeService;
  expect(image).toBe(`tributary/${service}:$\{TRIBUTARY_VERSION:-0.1.0}`);
  expect(read_only).toBe(true);
  const values = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withDefaults(value)]));
  expect(() => readSettings(service, values)).not.toThrow();
  expect(Object.keys(environment).filter((name) => !documentedVariables().has(name))).toEqual([]);
});

test('services wait for the topics and the database, and what is waited for says when it is there', () => {
  for (const service of services) {
    expect(compose.services[service]?.depends_on).toEqual({
      mongodb: { condition: 'service_healthy' },
      prepare: { condition: 'service_completed_successfully' },
    });
  }
  for (const { depends_on = {} } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(compose.services[name], name).toBeDefined();
      if (condition === 'service_healthy') expect(compose.services[name]?.healthcheck, name).toBeDefined();
    }
  }
});

test('every image has a version, and every file and volume that is mounted is there', () => {
  for (const [name, { image, volumes = [] }] of Object.entries(compose.services)) {
    expect(withDefaults(image), name).toMatch(/:v?\d[\w.-]*$/);
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(join(file, '..', source)), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  }
});

test('with tokens each service has its keys where it reads them, and nobody that of another', () => {
  const { services: added, secrets } = parse(readFileSync(join(file, '../compose.tokens.yaml'), 'utf8')) as {
    services: Record<string, { environment: Record<string, string>; secrets: (string | Record<string, string>)[] }>;
    secrets: Record<string, { file: string }>;
  };
  for (const [service, { environment, secrets: given }] of Object.entries(added)) {
    expect(Object.keys(environment).filter((name) => !documentedVariables().has(name))).toEqual([]);
    const paths = given.map((secret) => {
      const { source, target } =
        typeof secret === 'string' ? { source: secret, target: secret } : (secret as Record<string, string>);
      const key = target === 'signing-key' ? `${service}.signing-key.json` : 'keys.json';
      expect(secrets[source ?? '']?.file).toBe(`../keys/${key}`);
      return `/run/secrets/${target}`;
    });
    expect(Object.values(environment).sort()).toEqual(paths.sort());
  }
});
