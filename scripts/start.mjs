// npm start: everything in one process, embedded. See packages/standalone.
import { runNode } from './run-node.mjs';

const telemetry = new URL('../packages/runtime/src/telemetry/register.ts', import.meta.url);

// What lives shortly gets 8 MB, not what a server would: 55 MB less memory with every channel in one process.
const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --max-semi-space-size=8 --import=${telemetry}`.trim();
process.exitCode = await runNode('packages/standalone/src/main.ts', undefined, { NODE_OPTIONS });
