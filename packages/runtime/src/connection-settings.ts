import { z } from 'zod';

/** The environment variables that every service of its own process reads. */
export const connectionSettings = {
  /** `host:port`, comma-separated. */
  KAFKA_BROKERS: z
    .string({ error: 'must name at least one broker as host:port' })
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^\S+:\d+$/, 'each broker must be host:port')).min(1)),
  /** `mongodb://…`; the path names the database, `tributary` when absent. */
  MONGODB_URL: z
    .string({ error: 'must be a mongodb:// URL' })
    .regex(/^mongodb(\+srv)?:\/\//, 'must be a mongodb:// URL'),
  HOST: z.string().default('0.0.0.0'),
  HTTP_PORT: portNumber(8080),
  GRPC_PORT: portNumber(50051),
  /** Addresses or networks, comma-separated, of proxies whose X-Forwarded-For is believed. */
  TRUST_PROXY: z.string().default(''),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
};

/** Where a gRPC server answers. */
export const grpcAddress = z.string({ error: 'must be host:port' }).regex(/^\S+:\d+$/, 'must be host:port');

/** A TCP port; 0 takes a free one. */
export function portNumber(byDefault: number) {
  return z.coerce.number().int().min(0).max(65_535).default(byDefault);
}
