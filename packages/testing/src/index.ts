export * from './failing-store.ts';
export * from './manual-clock.ts';
export * from './until.ts';
