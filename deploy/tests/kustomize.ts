import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, cachedFolder, findProgram } from '@tributary/testing/servers';
import { parseAllDocuments } from 'yaml';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const kustomizeVersion = '5.7.1';
const validatorVersion = '1.37.0';
/** The oldest release that the manifests are for (the sleep of preStop), and the newest whose schemas are to be had. */
export const kubernetesVersions = ['1.32.0', '1.37.0'];

/** A Kubernetes object, as far as the checks look into it. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is what the validator checks.
export type Manifest = any;

/** What kustomize makes of a folder. */
export async function render(folder: string): Promise<{ text: string; manifests: Manifest[] }> {
  const [program, ...args] = await kustomize();
  const { stdout } = await execute(program, [...args, folder], { maxBuffer: 2 ** 26 });
  return { text: stdout, manifests: parseAllDocuments(stdout).map((document) => document.toJS()) };
}

/** An overlay of a base and components, as an operator would write it; paths from the root of the repository. */
export async function renderCombination(base: string, components: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-combination-'));
  try {
    const from = (path: string) => relative(folder, join(root, path));
    const overlay = { resources: [from(base)], components: components.map((name) => from(`k8s/components/${name}`)) };
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
    return await render(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns what does not fit the schemas of a Kubernetes release, unknown fields too. */
export async function validate(file: string, version: string): Promise<string> {
  const args = ['-m', 'kubernetes_validate', '--strict', '--quiet', '-k', version, file];
  return execute('python3', args, { env: { ...process.env, PYTHONPATH: await validator() } }).then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr, message }) => stdout + stderr || message,
  );
}

/** The program of this machine, kubectl's own, or one built from its Go module once. */
async function kustomize(): Promise<readonly [string, ...string[]]> {
  const own = findProgram('kustomize');
  if (own !== undefined) return [own, 'build'];
  const kubectl = findProgram('kubectl');
  if (kubectl !== undefined) return [kubectl, 'kustomize'];
  const built = await cachedFolder(cacheDirectory(), `kustomize-${kustomizeVersion}`, async (folder) => {
    const module = `sigs.k8s.io/kustomize/kustomize/v5@v${kustomizeVersion}`;
    await execute('go', ['install', module], { env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder } });
  });
  return [join(built, 'kustomize'), 'build'];
}

/** From PyPI, with the schemas of all releases. */
function validator(): Promise<string> {
  return cachedFolder(cacheDirectory(), `kubernetes-validate-${validatorVersion}`, async (folder) => {
    const wanted = `kubernetes-validate==${validatorVersion}`;
    await execute('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, wanted]);
  });
}
