export * from './clock.ts';
export * from './config.ts';
export * from './connection-settings.ts';
export * from './grpc.ts';
export * from './http.ts';
export * from './logger.ts';
export * from './progress.ts';
export * from './service.ts';
