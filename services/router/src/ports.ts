import type { InboundMessage } from '@tributary/contracts';
import type { Agent, AgentProfile, Presence } from './domain/agents/agent.ts';
import type { Decision } from './domain/decision.ts';
import type { Grade } from './domain/grading/grade.ts';
import type { OwnerRequest } from './domain/planning/plan-owners.ts';
import type { Needs } from './domain/planning/step.ts';
import type { Policy } from './domain/policy/policy.ts';

/** The policy in force. It changes when a new version has passed its checks. */
export interface PolicySource {
  readonly current: Policy;
}

/** One ticket's claim on an agent's capacity. */
export interface Claim {
  readonly ticketId: string;
  readonly units: number;
  /** Events of the ticket up to this number are older than the claim. */
  readonly sequence: number;
}

/** Agents, each one document that holds profile, presence, load and work, so that one conditional update decides. */
export interface AgentStore {
  /** Sorted by id. */
  list(): Promise<Agent[]>;
  get(id: string): Promise<Agent | undefined>;
  /** Agents who hold any of these tickets. */
  holding(ticketIds: readonly string[]): Promise<Agent[]>;
  /**
   * Gives the agent all of these tickets or none: they must be online, have room for all and hold none of them yet.
   * @param capacityUnits The capacity the caller planned with; a changed one refuses.
   * @param score The highest of their scores: refused while room is held for work that comes before it. Absent for work
   * that is handed out in its turn.
   * @returns the agent afterwards, or undefined when it was refused.
   */
  claim(
    id: string,
    capacityUnits: number,
    claims: readonly Claim[],
    nowMs: number,
    score?: number,
  ): Promise<Agent | undefined>;
  /** Gives the agent a ticket without looking at room or presence: a person decided so. Repeating it changes nothing. */
  claimAnyway(id: string, claim: Claim, nowMs: number): Promise<Agent | undefined>;
  /** Frees the units of these tickets. One that is not held, or was claimed anew since, is passed over. */
  release(id: string, claims: readonly Pick<Claim, 'ticketId' | 'sequence'>[]): Promise<Agent | undefined>;
  /** Makes claims that were never confirmed count from now, as of the sequence. Tickets they do not hold are passed over. */
  renew(id: string, claims: readonly Pick<Claim, 'ticketId' | 'sequence'>[], nowMs: number): Promise<Agent | undefined>;
  /** Notes that ticketing knows the agent as the owner of these. */
  confirm(id: string, ticketIds: readonly string[]): Promise<Agent | undefined>;
  setPresence(id: string, presence: Presence): Promise<Agent | undefined>;
  /** Creates or replaces the profile. Presence (offline at first), load and work stay. */
  put(profile: AgentProfile): Promise<Agent>;
  /** As `put`, from the policy: leaves alone a profile that a person has put. */
  seed(profile: AgentProfile, presence: Presence): Promise<void>;
  /** Keeps the agent's free room for waiting work of this score; undefined lifts it. */
  hold(id: string, score: number | undefined): Promise<Agent | undefined>;
}

/** A ticket without an owner, and all that finding one needs. */
export interface Waiting extends OwnerRequest {
  readonly ticketNumber: string;
  readonly grade: Grade;
  readonly tier: number;
  readonly sinceMs: number;
  readonly receivedAtMs: number;
  /** The decision that made it wait. */
  readonly decisionId: string;
  readonly sequence: number;
  readonly policyVersion: string;
}

export interface WaitingPage {
  readonly waiting: readonly Waiting[];
  /** Undefined on the last page. */
  readonly next: WaitingPosition | undefined;
}

export interface WaitingPosition {
  readonly score: number;
  readonly ticketId: string;
}

export interface WaitingStore {
  /** Adds what is not there yet. */
  add(waiting: readonly Waiting[], nowMs: number): Promise<void>;
  find(ticketIds: readonly string[]): Promise<Waiting[]>;
  isEmpty(): Promise<boolean>;
  /** Every kind of needs that work has ever waited with. */
  listNeeds(): Promise<{ readonly needsKey: string; readonly needs: Needs }[]>;
  /** Waiting work of these needs in score order, not leased by another router. */
  firstOf(needsKeys: readonly string[], limit: number, nowMs: number): Promise<Waiting[]>;
  /** Keeps other routers from handing these out for a while. @returns the ticket ids that were got. */
  lease(ticketIds: readonly string[], nowMs: number): Promise<ReadonlySet<string>>;
  /** Gives leases back. */
  unlease(ticketIds: readonly string[]): Promise<void>;
  /** @param sequence Only rows older than this event. */
  remove(tickets: readonly { readonly ticketId: string; readonly sequence?: number }[]): Promise<void>;
  /** Moves a row on to the work's step, unless it is there or further already. */
  advance(work: Waiting, nowMs: number): Promise<void>;
  page(after: WaitingPosition | undefined, limit: number): Promise<WaitingPage>;
}

export interface DecisionStore {
  find(ids: readonly string[]): Promise<Decision[]>;
  /**
   * Stores each under its id, replacing what was there. What no redelivered message would bring about again becomes due for
   * publishing until `published` says it is done.
   */
  save(decisions: readonly Decision[], nowMs: number): Promise<void>;
  published(decisions: readonly Decision[]): Promise<void>;
  /** Oldest first. */
  ofTicket(ticketId: string): Promise<Decision[]>;
}

/** Where decisions are told to everybody. Resolves when they are durable there. */
export interface DecisionLog {
  publish(decisions: readonly Decision[]): Promise<void>;
}

export interface IngestItem {
  readonly message: InboundMessage;
  readonly grade: Grade;
  /** Of the encoded message, to keep calls within bounds. */
  readonly bytes: number;
}

/** Where ticketing put a message. */
export interface MessagePlace {
  readonly ticketId: string;
  readonly ticketNumber: string;
  readonly created: boolean;
  readonly duplicate: boolean;
  readonly ownerId: string;
  readonly customerId: string;
  readonly runningProblemOwnerId: string;
  readonly needsOwner: boolean;
  /** The ticket's grade. */
  readonly grade: Grade;
  readonly tier: number;
  readonly receivedAtMs: number;
  readonly sequence: number;
}

export interface AssignOrder {
  readonly ticketId: string;
  readonly agentId: string;
  readonly decisionId: string;
}

export interface AssignResult {
  readonly ticketId: string;
  /** Who owns it now. Empty: nobody. */
  readonly ownerId: string;
  /** Why it was not assigned. Empty when it was. */
  readonly error: string;
}

/** A ticket as the router needs it. */
export interface TicketView {
  readonly ticketId: string;
  readonly ticketNumber: string;
  readonly active: boolean;
  readonly ownerId: string;
  readonly customerId: string;
  readonly contactAddress: string;
  readonly channel: string;
  readonly tier: number;
  readonly grade: Grade;
  readonly receivedAtMs: number;
  readonly sequence: number;
}

/** Where a message is, or why it cannot be taken. */
export type IngestResult = MessagePlace | { readonly error: string };

/** Ticketing, which alone changes tickets. */
export interface Tickets {
  /** Puts messages on tickets. For each, in order, its place, or why it cannot be taken. Repeating it gives the same places. */
  ingest(items: readonly IngestItem[]): Promise<IngestResult[]>;
  /** Gives tickets that have no owner their owner. Results in the order of the orders. */
  assign(orders: readonly AssignOrder[]): Promise<AssignResult[]>;
  /** Undefined when there is no such ticket. */
  get(ticketId: string): Promise<TicketView | undefined>;
}
