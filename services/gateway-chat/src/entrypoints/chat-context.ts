import type { Clock, Logger } from '@tributary/runtime';
import type { ChatConfig } from '../config.ts';
import type { ChatEvents, FileStore, Sessions, SessionTokens, Transcript, Uploads } from '../ports.ts';
import type { ConnectionHub } from './connection-hub.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** What everything that is called from outside works with. */
export interface ChatContext {
  readonly config: ChatConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sessions: Sessions;
  readonly transcript: Transcript;
  readonly uploads: Uploads;
  readonly files: FileStore;
  readonly events: ChatEvents;
  readonly tokens: SessionTokens;
  readonly hub: ConnectionHub;
  readonly limiters: {
    readonly messagesPerSession: RateLimiter;
    readonly messagesPerAddress: RateLimiter;
    readonly sessionsPerAddress: RateLimiter;
    readonly uploadsPerAddress: RateLimiter;
  };
}
