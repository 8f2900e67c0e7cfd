import type { BlobStore } from '@tributary/blobstore';
import { applyMigrations, type DocStore } from '@tributary/docstore';
import { consumerService, type EventLog } from '@tributary/eventlog';
import { type Channel, capabilities, createGateway, type Gateway, type Inbox } from '@tributary/gateway-kit';
import { type Clock, composeServices, type Logger } from '@tributary/runtime';
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

/** The web chat's channel with everything around it; `http` is all that is under `/chat/v1`. */
export async function createChatGateway(dependencies: ChatDependencies): Promise<Gateway> {
  const { docStore, clock, logger } = dependencies;
  await applyMigrations(docStore, { service: 'gateway-chat', migrations: [], clock, logger });
  return createGateway(await createChatChannel(dependencies), { ...dependencies, publicUrl: '' });
}

/** The web chat: WebSocket protocol, files, widget, and the messages of ours that go there. */
export async function createChatChannel(dependencies: ChatDependencies): Promise<Channel> {
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
  let context: ChatContext | undefined;
  return {
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
      const connected = contextOf(inbox);
      context = connected;
      return composeServices([
        consumerService(() => tailForWakeUps(eventLog, connected)),
        createRepairTimer(connected),
        createLeaveTimer(connected, sessionDocuments),
        // Stopped first: no new work comes in while the rest finishes.
        { start: async () => {}, stop: () => connected.hub.close(), problems: () => [] },
      ]);
    },
    async http(app) {
      if (context === undefined) throw new Error('the chat is not connected to the log');
      await app.register(chatHttp(context));
    },
  };
}
