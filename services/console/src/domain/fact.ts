/** Something that happened to a message or a ticket, as a card shows it. */
export interface Fact {
  /** The customer's message it is about. Empty when it is about none in particular. */
  readonly messageId: string;
  /** The ticket it is about. Empty while the message has none. */
  readonly ticketId: string;
  /** What it tells of the whole. Fields that are absent stay as they were. */
  readonly heading: Partial<Heading>;
  readonly step: Step;
}

/** What stands on top of a card. Fields are empty until known. */
export interface Heading {
  readonly ticketNumber: string;
  readonly channel: string;
  readonly customer: string;
  readonly subject: string;
  readonly state: string;
  /** The agent. Empty: it is in `queue`. */
  readonly owner: string;
  readonly queue: string;
  /** Such as `urgent hardware fault`. */
  readonly grade: string;
}

/** One line of a card's story. */
export interface Step {
  /** The event's id: the same event never makes two steps. */
  readonly id: string;
  readonly kind: 'message' | 'decision' | 'change' | 'answer' | 'delivery';
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly title: string;
  /** What was said. Empty when nothing was. */
  readonly text: string;
  /** The reasons, each a line. */
  readonly details: readonly string[];
  /** Who was looked at, each a line. Empty except for decisions. */
  readonly candidates: readonly string[];
  readonly bad: boolean;
}
