export * from './port.ts';
export { RefusedError } from './refused-error.ts';
