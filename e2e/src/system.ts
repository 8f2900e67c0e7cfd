import type { EventLog } from '@tributary/eventlog';
import type { ServiceProcess } from '@tributary/standalone';
import type { Victim } from './victims.ts';

/** A running Tributary and what the crash test does to it. */
export interface System extends AsyncDisposable {
  readonly smtpPort: number;
  /** The chat gateway's WebSocket. */
  readonly chatUrl: string;
  readonly ticketingAddress: string;
  readonly routerAddress: string;
  readonly victims: readonly Victim[];
  readonly services: readonly ServiceProcess[];
  /** Where the processes write what they have to say. */
  readonly logFolder: string;
  /** Resolves when every part says that it is ready. */
  ready(): Promise<void>;
  /** A connection to the event log of the running system. */
  openLog(): Promise<EventLog>;
}

/** What this machine cannot provide, as a sentence. */
export class SystemUnavailable extends Error {
  override readonly name = 'SystemUnavailable';
}

/** Limits that would stop the load: all customers come from one address here. */
export const loadSettings: Readonly<Record<string, string>> = {
  CHAT_MESSAGES_PER_MINUTE: '6000',
  CHAT_ADDRESS_MESSAGES_PER_MINUTE: '60000',
  CHAT_ADDRESS_SESSIONS_PER_MINUTE: '60000',
  CHAT_MAX_CONNECTIONS_PER_ADDRESS: '10000',
  ROUTER_SEED_PRESENCE: 'online',
  LOG_LEVEL: 'info',
};

export const supportAddress = 'support@tributary.local';
export const chatSite = 'demo';
