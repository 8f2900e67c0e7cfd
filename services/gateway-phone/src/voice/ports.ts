import type { Call } from './domain/call.ts';
import type { OutboundCall } from './domain/outbound-call.ts';
import type { Verb } from './domain/twiml.ts';

/** Something stored with the revision it was read at. */
export interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

/** Documents that change only from the revision that was read, so that any replica may take the next event. */
export interface Records<T extends { readonly id: string }> {
  /** Puts it there unless its id is; returns what is there then. */
  begin(value: T): Promise<Stored<T>>;
  find(id: string): Promise<Stored<T> | undefined>;
  /** False when it has changed since; nothing is written then. */
  replace(value: T, revision: number): Promise<boolean>;
}

export type Calls = Records<Call> & { forget(id: string): Promise<void> };
export type OutboundCalls = Records<OutboundCall>;

/** What is known of who calls. */
export interface Callers {
  /** Language of the last call; empty when there was none. */
  language(number: string): Promise<string>;
  rememberLanguage(number: string, language: string): Promise<void>;
}

/** How long the callers who were taken last had waited, by account. */
export interface Waits {
  note(account: string, seconds: number): Promise<void>;
  /** Undefined when nobody was taken lately. */
  recent(account: string): Promise<number | undefined>;
}

/** The call is over at the provider: nothing can be done with it. */
export class CallGoneError extends Error {
  override readonly name = 'CallGoneError';
}

export interface RingRequest {
  /** Our number. */
  readonly account: string;
  /** "tel:", "sip:" or "client:" and the address. */
  readonly address: string;
  /** Paths below our voice webhooks. */
  readonly answered: string;
  readonly status: string;
  readonly timeoutSeconds: number;
}

/** The provider's telephones. `account` is always our number. Rejects with what the provider or the network says. */
export interface Telephony {
  /** @returns the provider's id of the new leg. @throws an error of send-errors.ts in gateway-kit. */
  ring(request: RingRequest): Promise<string>;
  /** What the leg does from now on. @throws CallGoneError */
  redirect(account: string, callId: string, verbs: readonly Verb[]): Promise<void>;
  /** Harmless when it is over. */
  hangUp(account: string, callId: string): Promise<void>;
  /** @param music What is heard on hold. @throws CallGoneError */
  hold(account: string, conference: string, callId: string, on: boolean, music: string): Promise<void>;
}
