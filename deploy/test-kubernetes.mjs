// npm run test:kubernetes [-- OVERLAY]: deploys an overlay (default k8s/overlays/trial) to the cluster of kubectl's current context and
// checks there what only a cluster can show. Its nodes must have the images of `npm run images`. What it deploys stays.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { root } from '../scripts/install.mjs';

const overlay = process.argv[2] ?? join(root, 'k8s/overlays/trial');
const loadSeconds = 300;
const mark = `proof${randomBytes(4).toString('hex')}`;
const execute = promisify(execFile);
const kubectl = async (...args) => (await execute('kubectl', args, { maxBuffer: 2 ** 26 })).stdout;

const context = await kubectl('config', 'current-context').catch(() => undefined);
if (context === undefined || !(await kubectl('version', '--request-timeout=10s').catch(() => false))) {
  process.stderr.write(
    `${context === undefined ? 'kubectl has no current context' : `The cluster of ${context.trim()} does not answer`}: nothing was tested.
A cluster for it: kind (kind create cluster; kind load docker-image IMAGE…), minikube, k3s, or one of your own; then
kubectl config use-context NAME.\n`,
  );
  process.exit(1);
}

const rendered = await kubectl('kustomize', overlay);
const namespace = /^ {2}namespace: (\S+)$/m.exec(rendered)?.[1];
if (namespace === undefined) throw new Error(`${overlay} names no namespace`);
const inside = (...args) => kubectl('-n', namespace, ...args);
const apply = async (manifest) => {
  const child = spawn('kubectl', ['-n', namespace, 'apply', '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.end(typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  const [said, [code]] = await Promise.all([child.stderr.toArray(), once(child, 'close')]);
  if (code !== 0) throw new Error(`kubectl apply: ${Buffer.concat(said)}`);
};
process.stdout.write(`Context ${context.trim()}, namespace ${namespace}, marked ${mark}\n`);

await step('the overlay is applied, topics are made, every service becomes ready', async () => {
  await inside('delete', 'job', 'prepare', '--ignore-not-found').catch(() => undefined);
  await apply(rendered);
  await inside('wait', '--for=condition=complete', 'job/prepare', '--timeout=600s');
  for (const service of await services()) await rolledOut(service, 600);
});

await step('a mail becomes a ticket with an owner, a chat becomes a ticket', async () => {
  await through('gateway-email', 25, (address) =>
    tributary(['send', 'email', '--smtp', address, '--subject', `${mark}mail broken printer`, '--text', 'It smokes.']),
  );
  await through('gateway-chat', 80, (address) =>
    tributary(['send', 'chat', '--url', `http://${address}`, '--text', `${mark}chat how do I print?`]),
  );
  await until('the mail has an owner', async () => (await ticketsOf(`${mark}mail`))[0]?.ownerId);
  await until('the chat has a ticket', async () => (await ticketsOf(`${mark}chat`)).length === 1);
});

await step(`every service is rolled under load: each mail accepted, each on one ticket`, async () => {
  await startLoad();
  for (const service of await services()) {
    await inside('rollout', 'restart', `deployment/${service}`);
    await rolledOut(service, 300);
  }
  const { phase } = JSON.parse(await inside('get', 'pod', mark, '-o', 'json')).status;
  if (phase !== 'Running') throw new Error(`the load was over before the last service was rolled: it is ${phase}`);
  await inside('wait', `pod/${mark}`, '--for=jsonpath={.status.phase}=Succeeded', `--timeout=${loadSeconds + 60}s`);
  const { accepted, refused } = JSON.parse(await inside('logs', mark));
  await inside('delete', 'pod', mark);
  if (refused.length > 0) throw new Error(`${refused.length} mails were not accepted: ${refused[0]}`);
  await until('every mail has its ticket', async () => (await ticketsOf(`${mark}load`)).length >= accepted, 300_000);
  const found = (await ticketsOf(`${mark}load`)).length;
  if (found !== accepted) throw new Error(`${accepted} mails were accepted, there are ${found} tickets`);
  return `${accepted} mails`;
});

await step('a bad image leaves the old pods serving', async () => {
  await inside('set', 'image', 'deployment/console', 'service=tributary/console:0.0.0-does-not-exist');
  try {
    await until('the new pod fails', async () => /ErrImage|ImagePull/.test(await inside('get', 'pods')));
    const { status } = JSON.parse(await inside('get', 'deployment', 'console', '-o', 'json'));
    if (!(status.availableReplicas >= 1)) throw new Error('no console is available');
  } finally {
    await inside('rollout', 'undo', 'deployment/console');
    await rolledOut('console', 300);
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

async function step(promise, work) {
  const begin = performance.now();
  const figures = await work().catch((error) => {
    process.stdout.write(`✗ ${promise}: ${error.message}\n`);
    process.exit(1);
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  process.stdout.write(`✓ ${promise} (${figures === undefined ? '' : `${figures}, `}${seconds} s)\n`);
}

async function services() {
  const { items } = JSON.parse(
    await inside('get', 'deployments', '-l', 'app.kubernetes.io/part-of=tributary', '-o', 'json'),
  );
  return items.map(({ metadata }) => metadata.name);
}

function rolledOut(service, timeoutSeconds) {
  return inside('rollout', 'status', `deployment/${service}`, `--timeout=${timeoutSeconds}s`);
}

/** Does work with an address of this machine that leads to a pod of a Service. */
async function through(service, port, work) {
  const child = spawn('kubectl', ['-n', namespace, 'port-forward', `service/${service}`, `:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += chunk;
      const address = /127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (address !== undefined) return await work(address);
    }
    throw new Error(`kubectl port-forward service/${service} ended`);
  } finally {
    child.kill();
  }
}

async function tributary(args, environment = {}) {
  const command = [join(root, 'scripts/tributary.mjs'), ...args];
  return (await execute('node', command, { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 })).stdout;
}

function ticketsOf(words) {
  return through('ticketing', 50051, async (address) => {
    const found = await tributary(['tickets', 'search', words, '--all', '--json'], { TICKETING_ADDRESS: address });
    return JSON.parse(found).tickets;
  });
}

async function until(what, probe, timeoutMs = 120_000) {
  for (const giveUpAt = performance.now() + timeoutMs; performance.now() < giveUpAt; await setTimeout(1000)) {
    if (await probe()) return;
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
}

/** A pod that writes mails from inside the cluster, where a replaced pod does not cut its way: four a second, each from another sender. */
async function startLoad() {
  const deployment = JSON.parse(await inside('get', 'deployment', 'gateway-email', '-o', 'json'));
  const { spec } = deployment.spec.template;
  const [{ image, resources, securityContext }] = spec.containers;
  const program = `
    const { createTransport } = await import('nodemailer');
    const refused = [];
    let accepted = 0;
    const sends = [];
    for (let i = 0; i < ${loadSeconds * 4}; i++) {
      const transport = createTransport({ host: 'gateway-email', port: 25, ignoreTLS: true });
      const mail = { from: 'load-' + i + '@example.com', to: 'support@tributary.local', subject: '${mark}load', text: 'Number ' + i };
      sends.push(transport.sendMail(mail).then(() => accepted++, (error) => refused.push(error.message)));
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await Promise.all(sends);
    console.log(JSON.stringify({ accepted, refused }));`;
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: mark },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: spec.securityContext,
      containers: [
        { name: 'load', image, args: ['--input-type=module', '--eval', program], resources, securityContext },
      ],
    },
  });
  await inside('wait', `pod/${mark}`, '--for=condition=Ready', '--timeout=120s');
}
