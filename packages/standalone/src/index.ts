export * from './service-processes.ts';
export * from './standalone.ts';
