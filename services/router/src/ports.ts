import type { InboundMessage } from '@tributary/contracts';
import type { Agent, AgentProfile, Presence } from './domain/agents/agent.ts';
import type { Decision } from './domain/decision.ts';
import type { Grade } from './domain/grading/grade.ts';
import type { LiveContact } from './domain/offers/live-contact.ts';
import type { AfterOffer, EndedState, Offer, OfferState } from './domain/offers/offer.ts';
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
  /** The offer it is made for; the claim then waits for the agent's answer. */
  readonly offerId?: string;
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
  /**
   * Frees the units of these tickets. One that is not held, or was claimed anew since, is passed over.
   * @param freedAtMs Given when work came to its end: the agent is noted to be available since then.
   */
  release(
    id: string,
    claims: readonly Pick<Claim, 'ticketId' | 'sequence'>[],
    freedAtMs?: number,
  ): Promise<Agent | undefined>;
  /**
   * Frees what an offer reserves, and in the same update counts how the agent answered: an offer `missed` may take them off, an
   * answer begins the count anew. Once it is freed, repeating it changes nothing.
   * @param notAnsweringAfter So many missed in a row set `not_answering`. 0: never.
   */
  giveBack(
    id: string,
    reservation: { readonly ticketId: string; readonly offerId: string },
    answer: 'declined' | 'missed' | 'none',
    notAnsweringAfter: number,
  ): Promise<Agent | undefined>;
  /** Notes that the agent answers: offers missed before no longer count. */
  answered(id: string): Promise<void>;
  /** Makes claims that were never confirmed count from now, as of the sequence. Tickets they do not hold are passed over. */
  renew(id: string, claims: readonly Pick<Claim, 'ticketId' | 'sequence'>[], nowMs: number): Promise<Agent | undefined>;
  /** Notes that ticketing knows the agent as the owner of these. */
  confirm(id: string, ticketIds: readonly string[]): Promise<Agent | undefined>;
  /**
   * As `confirm`, of a claim that was made for an offer: it is the owner's from now on, whatever becomes of the offer.
   * @returns the agent, who does not hold the ticket when the offer's end was faster.
   */
  confirmOffered(id: string, ticketId: string): Promise<Agent | undefined>;
  /** Offers missed before no longer count. */
  setPresence(id: string, presence: Presence, nowMs: number): Promise<Agent | undefined>;
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
  /** How much waits with each kind of needs, leased or not, and since when the longest. 0 and 0 when nothing does. */
  countByNeeds(): Promise<{ readonly needs: Needs; readonly count: number; readonly oldestReceivedAtMs: number }[]>;
  /** Every kind of needs that work has ever waited with. */
  listNeeds(): Promise<{ readonly needsKey: string; readonly needs: Needs }[]>;
  /** Waiting work of these needs in score order, not leased by another router. */
  firstOf(needsKeys: readonly string[], limit: number, nowMs: number): Promise<Waiting[]>;
  /** Keeps other routers from handing these out for a while. @returns the ticket ids that were got. */
  lease(ticketIds: readonly string[], nowMs: number): Promise<ReadonlySet<string>>;
  /** Gives leases back. */
  unlease(ticketIds: readonly string[]): Promise<void>;
  /**
   * @param sequence Only rows older than this event.
   * @param decisionId Only the row which that decision made wait.
   */
  remove(
    tickets: readonly { readonly ticketId: string; readonly sequence?: number; readonly decisionId?: string }[],
  ): Promise<void>;
  /** Moves a row on to the work's step, unless it is there or further already. */
  advance(work: Waiting, nowMs: number): Promise<void>;
  /** Makes a row one that is offered, or without a contact an ordinary one. A row that is not there is passed over. */
  setLive(ticketId: string, live: LiveContact | undefined): Promise<void>;
  /** @param regions Only work of these. Absent: of all. */
  page(after: WaitingPosition | undefined, limit: number, regions?: readonly string[]): Promise<WaitingPage>;
}

/** An offer with what it takes to carry on from it. */
export interface KeptOffer extends Offer {
  /** The ticket as work that wants an owner; `live` is the offer's contact. */
  readonly work: Waiting;
  /** Meaningful once it has ended. */
  readonly after: AfterOffer;
  /** Whether its beginning has been published. */
  readonly told: boolean;
  /** False once nothing is left to be done for it. */
  readonly open: boolean;
}

export interface OfferFilter {
  /** Empty: any. */
  readonly agentId: string;
  /** Id or number. Empty: any. */
  readonly ticket: string;
  /** Empty: any. */
  readonly states: readonly OfferState[];
  /** Of tickets in these. Absent: in all. */
  readonly regions?: readonly string[];
}

/** Whose offers. */
export type OfferView = Pick<OfferFilter, 'agentId' | 'regions'>;

export interface OfferPosition {
  readonly madeAtMs: number;
  readonly id: string;
}

/**
 * Offers, each a row that falls due: when it times out, and then until all that follows from its end is done. At most one offer
 * of a ticket is live, by a unique key, and each ends once, by a conditional update.
 */
export interface OfferStore {
  /**
   * Adds offers that are pending.
   * @returns for each, in order, the offer that stands: itself, also when it was added before, or the one that is live for its ticket.
   */
  add(offers: readonly KeptOffer[], nowMs: number): Promise<KeptOffer[]>;
  get(id: string): Promise<KeptOffer | undefined>;
  /** Offers of these tickets that have not ended, or from whose end something is still to follow. */
  openOf(ticketIds: readonly string[]): Promise<KeptOffer[]>;
  /** Notes that the beginning has been published. */
  told(ids: readonly string[]): Promise<void>;
  /** `pending` becomes `accepting`, before it expires. Undefined when it is neither pending nor in time. */
  accept(id: string, nowMs: number): Promise<KeptOffer | undefined>;
  /**
   * Ends a pending offer: `declined` before it expires, `timed_out` after it, `cancelled` at any time. It is due at once then.
   * Undefined when another end came first.
   */
  end(
    id: string,
    end: { readonly state: Exclude<EndedState, 'accepted'>; readonly reason: string; readonly after: AfterOffer },
    nowMs: number,
  ): Promise<KeptOffer | undefined>;
  /** `accepting` becomes `accepted`, or `cancelled` when ticketing gave a reason against it. */
  conclude(id: string, reason: string, nowMs: number): Promise<KeptOffer | undefined>;
  /** Its ticket may be offered to somebody else. */
  letGo(id: string): Promise<void>;
  /** Nothing is left to be done for it. */
  settled(id: string): Promise<void>;
  /** Newest first. */
  page(
    filter: OfferFilter,
    after: OfferPosition | undefined,
    limit: number,
  ): Promise<{ readonly offers: readonly KeptOffer[]; readonly next: OfferPosition | undefined }>;
}

/** Where offers are told to everybody, once in every state. */
export interface OfferLog {
  publish(offers: readonly Offer[]): Promise<void>;
}

/** A live message that was put on a ticket. */
export type Arrival = Pick<LiveContact, 'channel' | 'account' | 'conversationKey' | 'messageId' | 'arrivedAtMs'> & {
  readonly ticketId: string;
};

/** Whether the customer of a conversation is still there, as far as it was heard. Forgotten after a few hours without a message. */
export interface ContactStore {
  /** Earlier ones than what is known are passed over. */
  arrive(arrivals: readonly Arrival[], nowMs: number): Promise<void>;
  /** @returns the last arrival; undefined when none is known or the customer came back after they left. */
  leave(conversationKey: string, leftAtMs: number, nowMs: number): Promise<Arrival | undefined>;
  /** When the customers of these conversations left last, by conversation; those who never did are not in it. */
  departures(conversationKeys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Contacts of these tickets whose customer is there. */
  presentOn(ticketIds: readonly string[]): Promise<Arrival[]>;
  /** Forgets contacts: their ticket is over. */
  forget(conversationKeys: readonly string[]): Promise<void>;
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
  /** W3C trace context in which it came. */
  readonly traceparent?: string | undefined;
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
