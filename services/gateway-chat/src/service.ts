import type { BlobStore } from '@tributary/blobstore';
import type { DocStore } from '@tributary/docstore';
import { consumerService, type EventLog } from '@tributary/eventlog';
import { capabilities, createGateway, type Inbox } from '@tributary/gateway-kit';
import { type Clock, composeServices, type Logger, type Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import { blobstoreFiles } from './adapters/blobstore-files.ts';
import { createDocstoreSessions, openSessionCollection } from './adapters/docstore-sessions.ts';
import { openDocstoreTranscript } from './adapters/docstore-transcript.ts';
import { openDocstoreUploads } from './adapters/docstore-uploads.ts';
import { inboxChatEvents } from './adapters/inbox-chat-events.ts';
import { joseSessionTokens, sharedTokenKey } from './adapters/jose-session-tokens.ts';
import type { ChatConfig } from './config.ts';
import type { ChatContext } from './entrypoints/chat-context.ts';
import { chatHttp } from './entrypoints/chat-http.ts';
import { createConnectionHub } from './entrypoints/connection-hub.ts';
import { createLeaveTimer } from './entrypoints/leave-timer.ts';
import { createRateLimiter } from './entrypoints/rate-limiter.ts';
import { createRepairTimer } from './entrypoints/repair-timer.ts';
import { sendToVisitor } from './entrypoints/send-to-visitor.ts';
import { tailForWakeUps } from './entrypoints/wake-up-tail.ts';

export { type ChatConfig, readChatConfig } from './config.ts';

export interface ChatDependencies {
  readonly config: ChatConfig;
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ChatGateway extends Service {
  /** Everything under `/chat/v1`, for the server that has the port. */
  readonly http: FastifyPluginAsync;
}

/** The web chat: WebSocket protocol, files, widget, and the messages of ours that go there. */
export async function createChatGateway(dependencies: ChatDependencies): Promise<ChatGateway> {
  const { config, eventLog, docStore, blobStore, clock, logger } = dependencies;
  const { rates } = config;
  const sessionDocuments = await openSessionCollection(docStore);
  const stores = {
    sessions: createDocstoreSessions(sessionDocuments),
    transcript: await openDocstoreTranscript(docStore),
    clock,
  };
  const uploads = await openDocstoreUploads(docStore);
  const tokens = joseSessionTokens(config.tokenKey ?? (await sharedTokenKey(docStore)), config.sessionDays, clock);
  const contextOf = (inbox: Inbox): ChatContext => ({
    ...stores,
    config,
    logger,
    uploads,
    tokens,
    files: blobstoreFiles(blobStore),
    events: inboxChatEvents(inbox, clock),
    hub: createConnectionHub(config.limits),
    limiters: {
      messagesPerSession: createRateLimiter('messages in this chat', rates.messagesPerSession, clock),
      messagesPerAddress: createRateLimiter('messages from this address', rates.messagesPerAddress, clock),
      sessionsPerAddress: createRateLimiter('new chats from this address', rates.sessionsPerAddress, clock),
      uploadsPerAddress: createRateLimiter('files from this address', rates.uploadsPerAddress, clock),
    },
  });
  let http: FastifyPluginAsync = async () => {};
  const gateway = await createGateway(
    {
      name: 'chat',
      capabilities: capabilities({
        media: [{ mediaType: '*/*', maxBytes: 0n }],
        typing: true,
        deliveryMarks: true,
        readMarks: true,
      }),
      send: (message) => sendToVisitor(stores, message),
      idempotent: true,
      concurrencyPerAccount: 50,
      connect(inbox) {
        const context = contextOf(inbox);
        http = chatHttp(context);
        return composeServices([
          consumerService(() => tailForWakeUps(eventLog, context)),
          createRepairTimer(context),
          createLeaveTimer(context, sessionDocuments),
          // Stopped first: no new work comes in while the rest finishes.
          { start: async () => {}, stop: () => context.hub.close(), problems: () => [] },
        ]);
      },
    },
    { eventLog, docStore, clock, logger, publicUrl: '' },
  );
  return { start: () => gateway.start(), stop: () => gateway.stop(), problems: () => gateway.problems(), http };
}
