import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

interface PolicySource {
  readonly languages: readonly unknown[];
  readonly [field: string]: unknown;
}

/** The policy that comes with the service, changed, as a file. */
export async function policyFile(
  change: (policy: PolicySource) => PolicySource,
): Promise<AsyncDisposable & { readonly path: string }> {
  const standard = await readFile(new URL('../../policies/standard.yaml', import.meta.url), 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'voice-policy-'));
  const path = join(folder, 'policy.yaml');
  await writeFile(path, stringify(change(parse(standard) as PolicySource)));
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
