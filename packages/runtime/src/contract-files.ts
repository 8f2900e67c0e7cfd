import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** The .proto files, for reflection: they travel with the code because generated types do not carry them. */
export function loadContracts(): PackageDefinition {
  const root = findProtoFolder();
  const files = ['messages', 'routing', 'tickets', 'agents'].map((name) =>
    join(root, `tributary/${name}/v1/${name}.proto`),
  );
  return loadSync(files, { includeDirs: [root] });
}

function findProtoFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'proto');
    if (existsSync(join(candidate, 'tributary'))) return candidate;
    if (folder === dirname(folder)) throw new Error('the proto folder is not beside the code');
  }
}
