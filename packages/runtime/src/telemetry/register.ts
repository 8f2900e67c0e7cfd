import { wantsTelemetry } from './environment.ts';

// Loaded before the program: `node --import @tributary/runtime/telemetry main.js`. Only then do instrumentations see the
// modules that the program imports. Without configuration nothing is loaded.
if (wantsTelemetry(process.env)) (await import('./sdk.ts')).startTelemetry();
