import type { Fact, Heading, Step } from './fact.ts';

/** One message or ticket, filling in as events come. */
export interface Card extends Heading {
  /** The ticket's id, or the message's while it has no ticket. */
  readonly id: string;
  /** Ids of cards that this one has taken the place of. */
  readonly replaces: readonly string[];
  /** Counts over all cards: a higher one is a later change. */
  readonly revision: number;
  readonly startedAtMs: number;
  /** In order of time. */
  readonly steps: readonly Step[];
  /** Older steps that are no longer kept. */
  readonly omittedSteps: number;
}

interface Draft {
  id: string;
  replaces: string[];
  revision: number;
  heading: Heading;
  steps: Step[];
  omittedSteps: number;
  messageIds: string[];
}

const blank: Heading = {
  ticketNumber: '',
  channel: '',
  customer: '',
  subject: '',
  state: '',
  owner: '',
  queue: '',
  grade: '',
};

/**
 * The latest cards, bounded: whoever watches remembers the revision they have seen and asks for what is newer. So a
 * watcher costs one number, however slow, and one who comes back gets each changed card once, as it is now.
 */
export class Feed {
  readonly #maxCards: number;
  readonly #maxSteps: number;
  /** Least recently changed first. */
  readonly #cards = new Map<string, Draft>();
  readonly #byMessage = new Map<string, Draft>();
  #revision = 0;

  constructor({ maxCards = 100, maxSteps = 60 }: { readonly maxCards?: number; readonly maxSteps?: number } = {}) {
    this.#maxCards = maxCards;
    this.#maxSteps = maxSteps;
  }

  /** Of the latest change. 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Enters a fact. Facts about one thing may come in any order and more than once. */
  add(fact: Fact): void {
    const card = this.#cardOf(fact);
    if (card.steps.some((step) => step.id === fact.step.id)) return;
    const at = card.steps.findLastIndex((step) => compareSteps(step, fact.step) <= 0) + 1;
    card.steps.splice(at, 0, fact.step);
    // What is told of the whole by something older than the latest must not undo it.
    const latest = at === card.steps.length - 1;
    const news = Object.entries(fact.heading).filter(([, value]) => value !== undefined);
    for (const [name, value] of news) {
      if (latest || card.heading[name as keyof Heading] === '') card.heading = { ...card.heading, [name]: value };
    }
    if (card.steps.length > this.#maxSteps) {
      // The first step, the customer's message, stays.
      card.steps.splice(1, 1);
      card.omittedSteps++;
    }
    this.#touch(card);
  }

  /** Cards changed after a revision, in the order of their changes. */
  since(revision: number): Card[] {
    const changed: Card[] = [];
    for (const card of this.#cards.values()) if (card.revision > revision) changed.push(published(card));
    return changed;
  }

  #cardOf({ messageId, ticketId }: Fact): Draft {
    const known = messageId === '' ? undefined : this.#byMessage.get(messageId);
    const ofTicket = ticketId === '' ? undefined : this.#cards.get(ticketId);
    const card = ofTicket ?? known ?? { ...emptyDraft(), id: ticketId || messageId };
    if (ofTicket !== undefined && known !== undefined && known !== ofTicket) this.#absorb(ofTicket, known);
    if (ticketId !== '' && card.id !== ticketId) {
      this.#cards.delete(card.id);
      card.replaces.push(card.id);
      card.id = ticketId;
    }
    if (messageId !== '' && known !== card) {
      this.#byMessage.set(messageId, card);
      card.messageIds.push(messageId);
      for (const old of card.messageIds.splice(0, card.messageIds.length - this.#maxSteps)) this.#byMessage.delete(old);
    }
    return card;
  }

  /** A message turned out to belong to a ticket that has a card. */
  #absorb(card: Draft, other: Draft): void {
    this.#cards.delete(other.id);
    card.replaces.push(other.id);
    for (const id of other.messageIds) this.#byMessage.set(id, card);
    card.messageIds.push(...other.messageIds);
    const known = new Set(card.steps.map((step) => step.id));
    card.steps = [...card.steps, ...other.steps.filter((step) => !known.has(step.id))].sort(compareSteps);
    const filled = Object.entries(card.heading).map(([name, value]) => [
      name,
      value === '' ? other.heading[name as keyof Heading] : value,
    ]);
    card.heading = Object.fromEntries(filled) as unknown as Heading;
  }

  #touch(card: Draft): void {
    card.revision = ++this.#revision;
    this.#cards.delete(card.id);
    this.#cards.set(card.id, card);
    for (const [id, oldest] of this.#cards) {
      if (this.#cards.size <= this.#maxCards) break;
      this.#cards.delete(id);
      for (const messageId of oldest.messageIds) this.#byMessage.delete(messageId);
    }
  }
}

/** What happens in one millisecond is told in the order of cause and effect, not of arrival. */
const kindOrder = ['message', 'change', 'decision', 'answer', 'delivery'];

function compareSteps(a: Step, b: Step): number {
  return a.atMs - b.atMs || kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind);
}

function emptyDraft(): Draft {
  return { id: '', replaces: [], revision: 0, heading: blank, steps: [], omittedSteps: 0, messageIds: [] };
}

function published(card: Draft): Card {
  return {
    ...card.heading,
    id: card.id,
    // Whoever has not seen those for so long has no card of them either.
    replaces: card.replaces.slice(-20),
    revision: card.revision,
    startedAtMs: card.steps[0]?.atMs ?? 0,
    steps: [...card.steps],
    omittedSteps: card.omittedSteps,
  };
}
