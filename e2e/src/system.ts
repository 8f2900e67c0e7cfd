import type { EventLog } from '@tributary/eventlog';
import type { ServiceProcess } from '@tributary/standalone';
import type { Release } from './release.ts';
import type { Victim } from './victims.ts';

/** Where providers bring what customers write, without a slash at the end. */
export interface GatewayAddresses {
  readonly phoneUrl: string;
  readonly socialUrl: string;
}

export interface SystemOptions {
  readonly folder: string;
  readonly mailSinkPort: number;
  /** Of each service, behind a balancer, at scale. Default 1. */
  readonly replicas?: number;
  /** What it begins as. Default: what is checked out here. */
  readonly release?: Release;
  /** Of every process, beside `loadSettings`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where Kafka and the database keep their data, in a folder each. Default: temporary folders. */
  readonly serversFolder?: string;
  report(line: string): void;
}

/** A running Tributary and what the crash test does to it. */
export interface System extends GatewayAddresses, AsyncDisposable {
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
  /** What comes before the services are upgraded to what is checked out: its topics. */
  prepareUpgrade(): Promise<void>;
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
