// npm run services: every service as a process of its own. See packages/standalone/src/separate-processes.ts.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('packages/standalone/src/separate-processes.ts');
