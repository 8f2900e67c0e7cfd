// npm run test:kubernetes [-- OVERLAY]: deploys an overlay (default k8s/overlays/trial) to the cluster of kubectl's current
// context and checks there what only a cluster can show; docs/kubernetes.md says what it wants and what was seen. With
// KAFKA_BROKERS and MONGODB_URL, as pods reach them, those are used instead of the trial's own. What it deploys stays.
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ensureInstalled, root } from '../scripts/install.mjs';
import { inNamespace, kubectl, rendered, until, workspaceProgram } from './kubernetes/cluster.mjs';

const overlay = resolve(process.argv[2] ?? join(root, 'k8s/overlays/trial'));
const kills = 10;
const mark = `proof${randomBytes(4).toString('hex')}`;
const customers = { mailsPerSecond: 4, chats: 5 };
/** More than one gateway-email can be asked to do for the CPU that it requests. */
const crowd = { mailsPerSecond: 60, chats: 0 };

const context = await kubectl('config', 'current-context').catch(() => undefined);
if (context === undefined || !(await kubectl('version', '--request-timeout=10s').catch(() => false))) {
  process.stderr.write(
    `${context === undefined ? 'kubectl has no current context' : `The cluster of ${context.trim()} does not answer`}: nothing was tested.
A cluster for it: kind (kind create cluster; kind load docker-image IMAGE…), minikube, k3s, or one of your own; then
kubectl config use-context NAME. docs/kubernetes.md says what it must have.\n`,
  );
  process.exit(1);
}
ensureInstalled();

const manifests = await rendered(overlay, process.argv[2] === undefined ? outsideStores() : {});
const namespace = manifests.find(({ kind }) => kind === 'Deployment')?.metadata.namespace;
if (namespace === undefined) throw new Error(`${overlay} names no namespace`);
const { inside, read, apply, services, pods, rolledOut, through } = inNamespace(namespace);
const hasMetrics = await kubectl('get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes').catch(() => false);
process.stdout.write(`Context ${context.trim()}, namespace ${namespace}, marked ${mark}\n`);

await step('the overlay is applied, topics are made, every service becomes ready', async () => {
  await inside('delete', 'job', 'prepare', '--ignore-not-found').catch(() => undefined);
  await apply(...manifests.filter(({ kind }) => kind === 'Namespace'));
  await apply(...manifests.filter(({ kind }) => kind !== 'Namespace'));
  await inside('wait', '--for=condition=complete', 'job/prepare', '--timeout=600s');
  for (const service of await services()) await rolledOut(service);
  return `${(await services()).length} services${await usage()}`;
});

await step('a mail and a chat become tickets with an owner', async () => {
  await through('service/gateway-email', 25, (address) =>
    tributary(['send', 'email', '--smtp', address, '--subject', `${mark}mail broken printer`, '--text', 'It smokes.']),
  );
  await through('service/gateway-chat', 80, (address) =>
    tributary(['send', 'chat', '--url', `http://${address}`, '--text', `${mark}chat how do I print?`]),
  );
  for (const what of ['mail', 'chat']) {
    await until(`the ${what} has an owner`, async () => (await ticketsOf(mark + what))[0]?.ownerId);
    const found = (await ticketsOf(mark + what)).length;
    if (found !== 1) throw new Error(`the ${what} is on ${found} tickets`);
  }
});

await step('Pod Security refuses a pod that is not restricted', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'unrestricted' } };
  const containers = [{ name: 'one', image: 'tributary/console:0', securityContext: { privileged: true } }];
  const refusal = await apply({ ...pod, spec: { containers } }).then(
    () => 'none',
    (error) => error.message,
  );
  if (!refusal.includes('violates PodSecurity')) throw new Error(`the answer was: ${refusal}`);
});

await step('every service is rolled under load: nothing is refused, lost or doubled', async () => {
  const load = await startLoad('rolled', customers);
  for (const service of await services()) {
    await inside('rollout', 'restart', `deployment/${service}`);
    await rolledOut(service);
  }
  return await load.end({ mayRetry: false });
});

await step('a bad image leaves the old pods serving', async () => {
  const load = await startLoad('image', customers);
  for (const service of ['gateway-email', 'gateway-chat']) {
    await inside('set', 'image', `deployment/${service}`, `service=tributary/${service}:0.0.0-does-not-exist`);
  }
  try {
    for (const service of ['gateway-email', 'gateway-chat']) {
      await until(`the new ${service} fails`, async () => (await pods(service)).some(hasNoImage));
      const { status } = await read('deployment', service);
      if (!(status.availableReplicas >= 1)) throw new Error(`no ${service} is available`);
    }
    return await load.end({ mayRetry: false });
  } finally {
    for (const service of ['gateway-email', 'gateway-chat']) {
      await inside('rollout', 'undo', `deployment/${service}`);
      await rolledOut(service);
    }
  }
});

await step(`${kills} pods killed at random under load: nothing acknowledged is lost or doubled`, async () => {
  const load = await startLoad('killed', customers);
  const killed = [];
  while (killed.length < kills) {
    const running = (await pods()).filter(({ status }) => status.phase === 'Running');
    const victim = running[randomInt(running.length)]?.metadata;
    if (victim !== undefined) {
      killed.push(victim.labels['app.kubernetes.io/name']);
      await inside('delete', 'pod', victim.name, '--grace-period=0', '--force');
    }
    await setTimeout(randomInt(2000, 10_000));
  }
  for (const service of await services()) await rolledOut(service);
  return `${killed.join(' ')}; ${await load.end({ mayRetry: true })}`;
});

await step('1 to 3 to 1 replicas of every service under load: nothing is refused, lost or doubled', async () => {
  const load = await startLoad('scaled', customers);
  for (const service of await services()) {
    await inside('scale', `deployment/${service}`, '--replicas=3');
    await rolledOut(service);
    await inside('scale', `deployment/${service}`, '--replicas=1');
    await until(`one ${service} is left`, async () => (await pods(service)).length === 1);
  }
  return await load.end({ mayRetry: false });
});

await step('the autoscaler adds a gateway-email under load', async () => {
  if (!hasMetrics) throw new Error('the cluster has no metrics-server');
  const components = [join(root, 'k8s/components/autoscaling')];
  const autoscaler = (await rendered(overlay, { components })).find(
    ({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && metadata.name === 'gateway-email',
  );
  autoscaler.spec = { ...autoscaler.spec, minReplicas: 1, maxReplicas: 3 };
  const load = await startLoad('crowd', crowd);
  await apply(autoscaler);
  try {
    const begin = performance.now();
    await until(
      'there are more replicas',
      async () => (await read('deployment', 'gateway-email')).spec.replicas > 1,
      300_000,
    );
    const seconds = Math.round((performance.now() - begin) / 1000);
    const { currentMetrics } = (await read('hpa', 'gateway-email')).status;
    const utilization = currentMetrics?.[0]?.resource?.current.averageUtilization;
    await rolledOut('gateway-email');
    const seen = `after ${seconds} s, at ${utilization} % of the CPU requested${await usage()}`;
    return `${seen}; ${await load.end({ mayRetry: true })}`;
  } finally {
    await inside('delete', 'hpa', 'gateway-email');
    await inside('scale', 'deployment/gateway-email', '--replicas=1');
  }
});

async function step(promise, work) {
  const begin = performance.now();
  const figures = await work().catch((error) => {
    process.stdout.write(`✗ ${promise}: ${error.message}\n`);
    process.exit(1);
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  process.stdout.write(`✓ ${promise} (${figures === undefined ? '' : `${figures}; `}${seconds} s)\n`);
}

/** What makes the overlay use a Kafka and a MongoDB that run already. */
function outsideStores() {
  const { KAFKA_BROKERS, MONGODB_URL } = process.env;
  if (!KAFKA_BROKERS || !MONGODB_URL) return {};
  const url = new URL(MONGODB_URL);
  url.pathname = '/tributary';
  const removed = ['kafka', 'mongodb'].flatMap((name) =>
    [
      ['v1', 'Service'],
      ['apps/v1', 'StatefulSet'],
    ].map(([apiVersion, kind]) => ({ $patch: 'delete', apiVersion, kind, metadata: { name } })),
  );
  return {
    namespace: 'tributary-trial',
    configMapGenerator: [{ name: 'tributary', behavior: 'merge', literals: [`KAFKA_BROKERS=${KAFKA_BROKERS}`] }],
    secretGenerator: [{ name: 'tributary-stores', behavior: 'merge', literals: [`MONGODB_URL=${url}`] }],
    patches: removed.map((patch) => ({ patch: JSON.stringify(patch) })),
  };
}

function tributary(args) {
  return workspaceProgram('packages/cli/src/main.ts', args);
}

async function ticketsOf(word) {
  return JSON.parse(
    await through('service/ticketing', 50051, (address) =>
      workspaceProgram('deploy/kubernetes/read-tickets.mjs', [address, word]),
    ),
  );
}

/** What each service uses at the moment, where the cluster measures it. */
async function usage() {
  if (!hasMetrics) return '';
  const measured = await inside('top', 'pods', '--no-headers', '-l', 'app.kubernetes.io/part-of=tributary').catch(
    () => '',
  );
  const lines = measured.split('\n').filter((line) => line !== '');
  return lines
    .map(
      (line) =>
        `, ${line
          .replace(/-[a-z0-9]+-[a-z0-9]+ /, ' ')
          .replaceAll(/\s+/g, ' ')
          .trim()}`,
    )
    .join('');
}

function hasNoImage({ status }) {
  return status.containerStatuses?.some(({ state }) => /ErrImage|ImagePull/.test(state.waiting?.reason ?? ''));
}

/** Customers as a pod of the cluster, until `end` is called, which checks what became of what they wrote. */
async function startLoad(name, load) {
  const own = mark + name;
  const { spec } = (await read('deployment', 'gateway-email')).spec.template;
  const [{ image, resources, securityContext }] = spec.containers;
  const program = readFileSync(join(root, 'deploy/kubernetes/load.mjs'), 'utf8');
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: own },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: spec.securityContext,
      containers: [
        {
          name: 'load',
          image,
          args: ['--input-type=module', '--eval', program],
          env: [{ name: 'LOAD', value: JSON.stringify({ mark: own, ...load }) }],
          resources,
          securityContext,
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  });
  await inside('wait', `pod/${own}`, '--for=condition=Ready', '--timeout=120s');

  return {
    async end({ mayRetry }) {
      const ask = async (address) => (await fetch(`http://${address}/stop`)).json();
      const { mails, chats, mailRetries, lineRetries, refused, acknowledged } = await through(`pod/${own}`, 8080, ask);
      await inside('delete', 'pod', own);
      if (refused.length > 0) throw new Error(`${refused.length} were never acknowledged: ${refused[0]}`);
      if (mailRetries > 0 && !mayRetry) throw new Error(`${mailRetries} mails were not taken at the first try`);
      await until(
        'all has its ticket',
        async () => missing(acknowledged, await ticketsOf(own)).length === 0,
        600_000,
      ).catch(async () => {
        throw new Error(
          `lost: ${missing(acknowledged, await ticketsOf(own))
            .slice(0, 5)
            .join(', ')}`,
        );
      });
      const wrong = broken(await ticketsOf(own));
      if (wrong !== undefined) throw new Error(wrong);
      const times = ({ count, p50Ms, p99Ms, mostMs }) =>
        `${count} (p50 ${p50Ms} ms, p99 ${p99Ms} ms, most ${mostMs} ms)`;
      return [
        `acknowledged: mails ${times(mails)}, chat lines ${times(chats)}`,
        `tried again: ${mailRetries} mails, ${lineRetries} chat lines`,
        '0 lost, 0 doubled',
      ].join('; ');
    },
  };
}

function missing(acknowledged, tickets) {
  const found = new Set(tickets.flatMap(({ texts }) => texts));
  return acknowledged.filter((text) => !found.has(text));
}

/** @returns what is on two tickets, twice on one, or not in the order in which its visitor wrote it. */
function broken(tickets) {
  const seen = new Map();
  const ticketOfVisitor = new Map();
  for (const { id, texts } of tickets) {
    let before = 0;
    for (const text of texts) {
      if (seen.has(text)) return `'${text}' is on ${seen.get(text)} and again on ${id}`;
      seen.set(text, id);
      const [, visitor, line] = /chat (\d+) line (\d+)$/.exec(text) ?? [];
      if (visitor === undefined) continue;
      if ((ticketOfVisitor.get(visitor) ?? id) !== id) return `visitor ${visitor} is on ${id} and on another ticket`;
      ticketOfVisitor.set(visitor, id);
      if (Number(line) !== before + 1) return `visitor ${visitor}: line ${line} follows line ${before}`;
      before = Number(line);
    }
  }
  return undefined;
}
