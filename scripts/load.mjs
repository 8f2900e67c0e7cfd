// npm run load -- --rate N: open-loop load on an embedded Tributary of its own or on a deployment. See e2e.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('e2e/src/load.ts');
