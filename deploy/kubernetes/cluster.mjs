// What test-kubernetes.mjs does with kubectl, and how it waits.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { node, root } from '../../scripts/install.mjs';
import { sourceArguments, sourceEnvironment } from '../../scripts/run-node.mjs';

const execute = promisify(execFile);

export async function kubectl(...args) {
  return (await execute('kubectl', args, { maxBuffer: 2 ** 28 })).stdout;
}

/** A TypeScript or JavaScript file of the workspace, run to its end; what it printed. */
export async function workspaceProgram(file, args, environment = {}) {
  const options = { env: { ...sourceEnvironment, ...environment }, maxBuffer: 2 ** 28 };
  return (await execute(node, [...sourceArguments, join(root, file), ...args], options)).stdout;
}

/** What kustomize makes of a folder with more in it than that folder has, as objects. */
export async function rendered(overlay, additions = {}) {
  // Kustomize wants relative paths, and follows none that goes over a symbolic link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tributary-kubernetes-')));
  try {
    const from = (path) => relative(folder, path);
    const { components = [], ...more } = additions;
    const kustomization = { resources: [from(overlay)], components: components.map(from), ...more };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    const { parseAllDocuments } = await import('yaml');
    return parseAllDocuments(await kubectl('kustomize', folder)).map((document) => document.toJS());
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One namespace of the current context's cluster. */
export function inNamespace(namespace) {
  const inside = (...args) => kubectl('-n', namespace, ...args);
  const read = async (...args) => JSON.parse(await inside('get', ...args, '-o', 'json'));

  return {
    inside,
    read,

    async apply(...objects) {
      const child = spawn('kubectl', ['-n', namespace, 'apply', '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
      child.stdin.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
      const [said, [code]] = await Promise.all([child.stderr.toArray(), once(child, 'close')]);
      if (code !== 0) throw new Error(`kubectl apply: ${Buffer.concat(said)}`);
    },

    async services() {
      const { items } = await read('deployments', '-l', 'app.kubernetes.io/part-of=tributary');
      return items.map(({ metadata }) => metadata.name);
    },

    async pods(service) {
      const label = service === undefined ? 'part-of=tributary' : `name=${service}`;
      const { items } = await read('pods', '-l', `app.kubernetes.io/${label}`);
      return items.filter(({ metadata }) => metadata.labels['app.kubernetes.io/name'] !== 'prepare');
    },

    rolledOut(service, timeoutSeconds = 600) {
      return inside('rollout', 'status', `deployment/${service}`, `--timeout=${timeoutSeconds}s`);
    },

    /** Does work with an address of this machine that leads to a pod or to one of a Service. */
    async through(target, port, work) {
      const child = spawn('kubectl', ['-n', namespace, 'port-forward', target, `:${port}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        let said = '';
        for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
          said += chunk;
          const address = /127\.0\.0\.1:\d+/.exec(said)?.[0];
          if (address !== undefined) return await work(address);
        }
        throw new Error(`kubectl port-forward ${target} ended`);
      } finally {
        child.kill();
      }
    },
  };
}

export async function until(what, probe, timeoutMs = 120_000) {
  for (const giveUpAt = performance.now() + timeoutMs; performance.now() < giveUpAt; await setTimeout(1000)) {
    if (await probe()) return;
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
}
