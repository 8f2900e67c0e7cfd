import type { AgentApi, Attachment, Refusal } from '@tributary/contracts';
import type { Inbox } from '@tributary/gateway-kit';
import type { VoicePolicy } from '../domain/voice-policy.ts';
import type { Callers, Calls, OutboundCalls, Telephony, Waits } from '../ports.ts';

/** What taking calls needs. */
export interface VoiceDependencies {
  readonly policy: VoicePolicy;
  readonly calls: Calls;
  readonly outboundCalls: OutboundCalls;
  readonly callers: Callers;
  readonly waits: Waits;
  readonly telephony: Telephony;
  readonly agents: AgentApi;
  readonly inbox: Inbox;
  /** Keeps a recording of an account's, or says why it is not kept. Rejects when trying again may help. */
  keepRecording(account: string, url: string): Promise<{ attachment: Attachment } | { refusal: Refusal }>;
  /** Says that something of a call is due by now. */
  nudge(): void;
  now(): number;
}
