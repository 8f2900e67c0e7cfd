// npm test: all tests, after installing what the real servers need. Arguments go to vitest.
import { runNode } from './run-node.mjs';

const prepared = await runNode('packages/testing/src/servers/cli.ts', ['prepare']);
if (prepared !== 0 && process.env.TRIBUTARY_REQUIRE_SERVERS === '1') process.exit(prepared);
process.exitCode = await runNode('node_modules/vitest/vitest.mjs', ['run', ...process.argv.slice(2)]);
