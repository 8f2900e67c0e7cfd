import { connectionSettings, portNumber, readConfig } from '@tributary/runtime';
import { z } from 'zod';

export interface StandaloneConfig {
  /** Where the log, the documents, the blobs and mail that would go out are kept. */
  readonly dataFolder: string;
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustProxy: string;
  readonly logLevel: string;
}

/** @throws ConfigError naming every variable that is wrong. */
export function readStandaloneConfig(environment: Readonly<Record<string, string | undefined>>): StandaloneConfig {
  const values = readConfig(
    {
      TRIBUTARY_DATA_DIR: z.string().default('.data'),
      // Everything here is for the developer's own machine: nobody else reaches it unless asked for.
      HOST: z.string().default('127.0.0.1'),
      HTTP_PORT: portNumber(8080),
      GRPC_PORT: portNumber(50051),
      TRUST_PROXY: connectionSettings.TRUST_PROXY,
      LOG_LEVEL: connectionSettings.LOG_LEVEL.unwrap().default('warn'),
    },
    environment,
  );
  return {
    dataFolder: values.TRIBUTARY_DATA_DIR,
    host: values.HOST,
    httpPort: values.HTTP_PORT,
    grpcPort: values.GRPC_PORT,
    trustProxy: values.TRUST_PROXY,
    logLevel: values.LOG_LEVEL,
  };
}

/** What the services are told when the environment says nothing: everything works with nothing installed. */
export function standaloneDefaults(config: StandaloneConfig): Record<string, string> {
  return {
    HOST: config.host,
    CONSOLE_FEED: 'on',
    ROUTER_SEED_PRESENCE: 'online',
    EMAIL_OUT: `file:${config.dataFolder}/outbox`,
  };
}
