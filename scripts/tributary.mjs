// npm run tributary -- …: the command line. See packages/cli.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('packages/cli/src/main.ts');
