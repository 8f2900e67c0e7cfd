export { cacheDirectory, cachedFolder } from './cache.ts';
export { findChromium } from './chromium.ts';
export { dieWithParent } from './die-with-parent.ts';
export { type DovecotOptions, type RunningDovecot, startDovecot } from './dovecot-server.ts';
export { findProgram } from './find-program.ts';
export { freePort } from './free-port.ts';
export { startKafka } from './kafka-server.ts';
export { startMongo } from './mongo-server.ts';
export { prepareServers } from './prepare.ts';
export { findPromtool } from './promtool.ts';
export {
  isUnavailable,
  type Report,
  type RunningServer,
  type ServerOptions,
  type Unavailable,
} from './running-server.ts';
export { type SecuredKafka, startSecuredKafka } from './secured-kafka.ts';
export { findSignaturePython, type RunPython } from './signature-python.ts';
