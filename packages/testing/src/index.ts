export * from './manual-clock.ts';
export * from './until.ts';
