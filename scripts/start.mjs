// npm start: everything in one process, embedded. See packages/standalone.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('packages/standalone/src/main.ts');
