// npm run servers: a Kafka and a MongoDB-protocol server until Ctrl-C. See packages/testing.
import { runNode } from './run-node.mjs';

process.exitCode = await runNode('packages/testing/src/servers/cli.ts', ['up', ...process.argv.slice(2)]);
