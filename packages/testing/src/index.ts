export * from './certificate-authority.ts';
export * from './command-line.ts';
export * from './failing-store.ts';
export * from './manual-clock.ts';
export * from './until.ts';
