export * from './service-processes.ts';
export * from './simulators.ts';
export * from './standalone.ts';
