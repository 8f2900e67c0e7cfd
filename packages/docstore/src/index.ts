export * from './due-worker.ts';
export * from './migrations.ts';
export * from './paging.ts';
export * from './port.ts';
export { RefusedError } from './refused-error.ts';
