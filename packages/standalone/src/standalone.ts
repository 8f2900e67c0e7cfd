import type { BlobStore } from '@tributary/blobstore';
import { createConsole, readConsoleConfig } from '@tributary/console';
import { allTopics } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { createChatGateway, readChatConfig } from '@tributary/gateway-chat';
import { createEmailGateway, readEmailConfig } from '@tributary/gateway-email';
import { createPhoneGateway, readPhoneConfig } from '@tributary/gateway-phone';
import { createSocialGateway, readSocialConfig } from '@tributary/gateway-social';
import { createRouter, readRouterConfig } from '@tributary/router';
import {
  type Clock,
  composeServices,
  createGrpcServer,
  createHttpServer,
  type GrpcSecurity,
  type Logger,
  type Service,
} from '@tributary/runtime';
import { createTicketing, readTicketingConfig } from '@tributary/ticketing';

export interface StandaloneDependencies {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly trustProxy?: string;
  /** What protects the gRPC port. Absent: nothing; within the process nobody is checked in any case. */
  readonly security?: GrpcSecurity;
  /** What each service reads its configuration from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Standalone extends Service {
  /** The ports in use, known once started. */
  readonly ports: { readonly http: number; readonly grpc: number; readonly smtp: number };
}

/** Every service in one process, on whatever adapters are given; one HTTP port and one gRPC port for all of them. */
export async function createStandalone(dependencies: StandaloneDependencies): Promise<Standalone> {
  const { eventLog, docStore, blobStore, clock, logger, host, environment } = dependencies;
  await eventLog.applyTopics(allTopics);
  const shared = { eventLog, docStore, blobStore, clock };
  const log = (service: string) => ({ logger: logger.child({ service }) });

  const ticketing = await createTicketing({ ...shared, ...log('ticketing'), config: readTicketingConfig(environment) });
  const router = await createRouter({
    ...shared,
    ...log('router'),
    config: readRouterConfig(environment),
    tickets: ticketing.tickets,
  });
  const email = await createEmailGateway({ ...shared, ...log('gateway-email'), config: readEmailConfig(environment) });
  const chat = await createChatGateway({ ...shared, ...log('gateway-chat'), config: readChatConfig(environment) });
  const social = await createSocialGateway({
    ...shared,
    ...log('gateway-social'),
    config: readSocialConfig(environment),
  });
  const phone = await createPhoneGateway({
    ...shared,
    ...log('gateway-phone'),
    config: readPhoneConfig(environment),
    agents: router.agents,
  });
  const consoleConfig = readConsoleConfig(environment);
  const pages = await createConsole({
    eventLog,
    clock,
    ...log('console'),
    config: consoleConfig,
    links: () => ({
      chatUrl: '',
      smtpPort: email.smtpPort,
      grpcPort: grpc.port,
      supportAddress: consoleConfig.supportAddress,
    }),
  });
  const grpc = createGrpcServer({
    bindings: [...ticketing.grpc, ...router.grpc],
    host,
    port: dependencies.grpcPort,
    logger,
    ...dependencies.security,
  });
  const http = createHttpServer({
    plugins: [pages.http, chat.http, phone.http, social.http],
    host,
    port: dependencies.httpPort,
    ...(dependencies.trustProxy !== undefined && { trustProxy: dependencies.trustProxy }),
    logger,
    problems: () => [...eventLog.problems(), ...docStore.problems(), ...all.problems()],
    providerProblems: () => all.providerProblems(),
  });
  // What takes customers' messages starts last and stops first.
  const all = composeServices([ticketing, router, pages, grpc, email, chat, phone, social, http]);
  return {
    ...all,
    get ports() {
      return { http: http.port, grpc: grpc.port, smtp: email.smtpPort };
    },
  };
}
