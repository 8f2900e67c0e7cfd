// npm run bench: measures, and writes the table into README.md. See bench.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('bench/src/main.ts');
