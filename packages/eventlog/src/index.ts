export * from './consumer-service.ts';
export * from './dead-letters.ts';
export * from './decode-batch.ts';
export * from './port.ts';
