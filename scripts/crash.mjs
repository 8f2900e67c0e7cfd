// npm run crash -- --kills N: load while processes are killed, then a check of every promise. See e2e.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('e2e/src/crash.ts');
