import { createHash } from 'node:crypto';
import { CustomerMistake, textIn } from './customer-face.ts';

/** How a store takes calls: properly; with 503; with 429; by doing what is asked without an answer; or without letting us in. */
export type StoreBehaviour = 'well' | 'down' | 'busy' | 'silent' | 'forbidden';

export interface StoreReview {
  readonly id: string;
  readonly author: string;
  stars: number;
  title: string;
  text: string;
  /** When it was written or last changed. */
  atMs: number;
  /** What stands under it, with its number. */
  answer?: { readonly id: string; readonly text: string; readonly atMs: number };
  /** All that ever stood there, oldest first. */
  readonly answers: { readonly id: string; readonly text: string }[];
}

export interface NewReview {
  readonly author: string;
  readonly stars: number;
  readonly title?: string;
  readonly text: string;
}

/** The reviews of one app. A person has one: writing again changes it. */
export class ReviewShelf {
  readonly #now: () => number;
  readonly #reviews = new Map<string, StoreReview>();
  readonly #idOf: (author: string) => string;
  #answers = 0;

  constructor(now: () => number, idOf: (author: string) => string = digestOf) {
    this.#now = now;
    this.#idOf = idOf;
  }

  write({ author, stars, title = '', text }: NewReview): StoreReview {
    const id = this.#idOf(author);
    const before = this.#reviews.get(id);
    const content = { stars, title, text, atMs: this.#now() };
    const review = before === undefined ? { id, author, ...content, answers: [] } : Object.assign(before, content);
    // The latest is last, also of those of one moment.
    this.#reviews.delete(id);
    this.#reviews.set(id, review);
    return review;
  }

  /** Undefined when there is no such review. The same answer again changes nothing. */
  answer(reviewId: string, text: string): StoreReview['answer'] {
    const review = this.#reviews.get(reviewId);
    if (review === undefined) return undefined;
    if (review.answer?.text !== text) {
      this.#answers += 1;
      review.answer = { id: `answer-${this.#answers}`, text, atMs: this.#now() };
      review.answers.push(review.answer);
    }
    return review.answer;
  }

  remove(reviewId: string): void {
    this.#reviews.delete(reviewId);
  }

  /** Newest first. */
  list(): StoreReview[] {
    return [...this.#reviews.values()].reverse();
  }

  /** Every answer that was ever seen under a review, oldest first. */
  answersSeen(): string[] {
    return [...this.#reviews.values()]
      .flatMap(({ answers }) => answers)
      .sort((a, b) => numberOf(a.id) - numberOf(b.id))
      .map(({ text }) => text);
  }

  /** What somebody who plays a customer asks for: `{ from, stars, text, title }`. @throws CustomerMistake */
  writeFor(input: Readonly<Record<string, unknown>>): { readonly id: string } {
    const stars = Number(input['stars'] ?? 1);
    if (!Number.isInteger(stars) || stars < 1 || stars > 5) throw new CustomerMistake('stars must be 1 to 5');
    const title = input['title'] === undefined ? '' : textIn(input, 'title');
    return { id: this.write({ author: textIn(input, 'from'), stars, title, text: textIn(input, 'text') }).id };
  }

  /** What stands under a customer's review. */
  answersTo(input: Readonly<Record<string, unknown>>): object[] {
    const { answers = [] } = this.#reviews.get(this.#idOf(textIn(input, 'customer'))) ?? {};
    return answers.map(({ id, text }) => ({ id, text, visibility: 'public' }));
  }
}

function numberOf(answerId: string): number {
  return Number(answerId.slice('answer-'.length));
}

function digestOf(author: string): string {
  const hex = createHash('sha256').update(author).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
