import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetesVersions, type Manifest, render, renderCombination, validate } from './kustomize.ts';
import { documentedVariables, readSettings, services } from './settings.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tributary-manifests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cases: Record<string, () => ReturnType<typeof render>> = {
  'overlay trial': () => render(join(root, 'k8s/overlays/trial')),
  'overlay production': () => render(join(root, 'k8s/overlays/production')),
};
// What an operator may put together, beside the overlays.
const combinations: [base: string, ...components: string[]][] = [
  ['k8s/overlays/trial', 'network-policies', 'ingress'],
  ['k8s/overlays/trial', 'autoscaling', 'monitoring', 'mtls', 'tokens'],
  ['k8s/overlays/trial', 'autoscaling', 'autoscaling-lag', 'channel-accounts'],
  ['k8s/overlays/production', 'autoscaling-lag'],
  ['k8s/overlays/production', 'kafka', 'mongodb'],
];
for (const [base, ...components] of combinations) {
  cases[`${base.slice('k8s/'.length)} with ${components.join(', ')}`] = () => renderCombination(base, components);
}

/** What others made, and what they cannot do without. */
const writesBesideItsPrograms = ['kafka'];

test('every component is in an overlay or a combination', () => {
  const used = ['trial', 'production'].map((name) =>
    readFileSync(join(root, `k8s/overlays/${name}/kustomization.yaml`), 'utf8'),
  );
  const tried = new Set([...used.join().matchAll(/components\/([\w-]+)/g)].map((match) => match[1]));
  for (const [, ...components] of combinations) for (const component of components) tried.add(component);
  expect([...tried].sort()).toEqual(readdirSync(join(root, 'k8s/components')).sort());
});

test('the policy of the cluster is the demo policy', () => {
  const policy = readFileSync(join(root, 'k8s/base/router/routing-policy.yaml'), 'utf8');
  expect(policy).toBe(readFileSync(join(root, 'services/router/policies/demo.yaml'), 'utf8'));
});

describe.each(Object.entries(cases))('%s', (name, rendered) => {
  let text = '';
  let manifests: Manifest[] = [];
  beforeAll(async () => {
    ({ text, manifests } = await rendered());
  }, 180_000);

  const ofKind = (...kinds: string[]) => manifests.filter(({ kind }) => kinds.includes(kind));
  const workloads = () => ofKind('Deployment', 'StatefulSet', 'Job');
  const pods = () =>
    workloads().map((workload) => ({ name: workload.metadata.name, pod: workload.spec.template.spec }));
  const containers = () =>
    pods().flatMap(({ pod, name }) =>
      [...(pod.initContainers ?? []), ...pod.containers].map((container: Manifest) => ({ name, pod, container })),
    );
  const own = () => ofKind('Deployment').map((deployment) => deployment.metadata.name);

  test.each(kubernetesVersions)(
    'fits the schemas of Kubernetes %s strictly',
    async (version) => {
      const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
      writeFileSync(file, text);
      expect(await validate(file, version)).toBe('');
    },
    180_000,
  );

  test('runs every service', () => expect(own().sort()).toEqual([...services].sort()));

  test('every pod is as restricted as Pod Security demands, and has no token', () => {
    for (const { name: workload, pod } of pods()) {
      expect(pod.securityContext, workload).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.automountServiceAccountToken, workload).toBe(false);
    }
    for (const account of ofKind('ServiceAccount')) expect(account.automountServiceAccountToken).toBe(false);
    for (const { name: workload, container } of containers()) {
      expect(container.securityContext, workload).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: !writesBesideItsPrograms.includes(workload),
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('every container has requests, limits and a version', () => {
    for (const { name: workload, container } of containers()) {
      for (const amounts of [container.resources?.requests, container.resources?.limits]) {
        expect(Object.keys(amounts ?? {}).sort(), workload).toEqual(['cpu', 'memory']);
      }
      expect(container.image, workload).toMatch(/:\d[\w.-]*$/);
    }
  });

  test('every long-running container has three probes; those of a service tell stuck from waiting', () => {
    for (const { name: workload, container } of containers()) {
      if (workload === 'prepare') continue;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        expect(container[probe], `${workload} ${probe}`).toBeDefined();
      }
      if (!own().includes(workload)) continue;
      expect(container.livenessProbe.httpGet.path).toBe('/health/live');
      expect(container.readinessProbe.httpGet.path).toBe('/health/ready');
    }
  });

  test('every service stops within its grace period, is spread, and has an account and a disruption budget of its own', () => {
    for (const deployment of ofKind('Deployment')) {
      const { name: service } = deployment.metadata;
      const { spec: pod, metadata } = deployment.spec.template;
      // The process gives itself 30 s.
      expect(pod.terminationGracePeriodSeconds, service).toBeGreaterThanOrEqual(
        pod.containers[0].lifecycle.preStop.sleep.seconds + 30,
      );
      expect(pod.serviceAccountName).toBe(service);
      expect(metadata.labels['app.kubernetes.io/name']).toBe(service);
      const selectors = [
        deployment.spec.selector,
        ...pod.topologySpreadConstraints.map(({ labelSelector }: Manifest) => labelSelector),
        ofKind('PodDisruptionBudget').find((budget) => budget.metadata.name === service)?.spec.selector,
      ];
      expect(selectors).toHaveLength(4);
      for (const selector of selectors) {
        expect(selector?.matchLabels, service).toMatchObject({ 'app.kubernetes.io/name': service });
      }
      const { selector } = ofKind('Service').find((one) => one.metadata.name === service)?.spec ?? {};
      expect(selector, service).toMatchObject({ 'app.kubernetes.io/name': service });
    }
  });

  test('what is mounted is there or is a Secret that the operator makes, and names that change with their content are used', () => {
    const made = new Set(ofKind('ConfigMap', 'Secret').map((one) => one.metadata.name));
    for (const { name: workload, pod } of pods()) {
      for (const { configMap, secret } of pod.volumes ?? []) {
        if (configMap) expect(made, workload).toContain(configMap.name);
        if (secret && !made.has(secret.secretName)) expect(secret.secretName, workload).toMatch(/^tributary-/);
      }
    }
    const router = pods().find((one) => one.name === 'router')?.pod;
    expect(router.volumes.find((volume: Manifest) => volume.name === 'policy').configMap.name).toMatch(
      /^routing-policy-[a-z0-9]{10}$/,
    );
  });

  test('no Service has two ports of one name, which only a cluster would refuse', () => {
    for (const service of ofKind('Service')) {
      const names = service.spec.ports.map(({ name: port }: Manifest) => port);
      expect(new Set(names).size, service.metadata.name).toBe(names.length);
    }
  });

  test('nobody signs with the key of another service', () => {
    for (const { name: workload, pod } of pods()) {
      const keys = (pod.volumes ?? []).filter(({ name: volume }: Manifest) => volume === 'signing-key');
      for (const { secret } of keys) expect(secret.secretName).toBe(`tributary-signing-key-${workload}`);
    }
  });

  test('every variable is explained in the documents, and every service accepts its environment', () => {
    const documented = documentedVariables();
    for (const deployment of ofKind('Deployment')) {
      const { name: service } = deployment.metadata;
      const [container] = deployment.spec.template.spec.containers;
      const shared = container.envFrom.map(
        ({ configMapRef }: Manifest) =>
          ofKind('ConfigMap').find((one) => one.metadata.name === configMapRef.name)?.data,
      );
      const environment: Record<string, string> = Object.assign({}, ...shared);
      for (const { name: variable, value } of container.env ?? []) environment[variable] = value;
      for (const variable of Object.keys(environment)) {
        expect(
          [variable, variable.replace(/_FILE$/, '')].some((one) => documented.has(one)),
          variable,
        ).toBe(true);
      }
      expect(() => readSettings(service, withFiles(environment)), service).not.toThrow();
    }
  });

  test('holds no secret but the address of a trial database', () => {
    for (const secret of ofKind('Secret')) expect(secret.metadata.name).toMatch(/^tributary-stores-/);
    if (name.startsWith('overlay production')) expect(ofKind('Secret')).toEqual([]);
  });
});

/** What a file mounted from a Secret would hold. */
function withFiles(environment: Record<string, string>): Record<string, string> {
  const contents: Record<string, string> = {
    MONGODB_URL: 'mongodb://mongodb.example.com/tributary',
    EMAIL_ACCOUNTS: '[{ address: support@example.com }]',
    EMAIL_OUT: 'smtp://mail.example.com:587',
    SOCIAL_ACCOUNTS: '[]',
    TWILIO_ACCOUNTS: '[]',
  };
  const read: Record<string, string> = {};
  for (const [variable, value] of Object.entries(environment)) {
    const content = contents[variable.replace(/_FILE$/, '')];
    if (variable.endsWith('_FILE') && content !== undefined) read[variable.replace(/_FILE$/, '')] = content;
    else read[variable] = value;
  }
  return read;
}
