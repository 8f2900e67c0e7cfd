// npm run upgrade-test: from the previous release to what is checked out, under load. See e2e.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('e2e/src/upgrade-test.ts');
