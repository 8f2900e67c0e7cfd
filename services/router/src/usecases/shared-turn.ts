import type { Serial } from './serial.ts';

interface Asker<Ask, Answer> {
  readonly ask: Ask;
  readonly ticketIds: readonly string[];
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Work that is done for all who asked for it since the turn before. Partitions deliver side by side; one after the other each would
 * wait for the disk, and the turns would be used up long before the processor is.
 */
export class SharedTurn<Ask, Answer> {
  readonly #serial: Serial;
  readonly #askers: Asker<Ask, Answer>[] = [];

  constructor(serial: Serial) {
    this.#serial = serial;
  }

  /**
   * @param ticketIds What it is about. Who asks for a ticket that another one asks for has a turn of its own.
   * @param work Answers every ask, in their order. May be done again for one ask alone, after it failed for several.
   */
  ask(
    ask: Ask,
    ticketIds: readonly string[],
    work: (asks: readonly Ask[]) => Promise<readonly Answer[]>,
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#askers.push({ ask, ticketIds, resolve, reject });
    this.#serial(async () => {
      const taken = this.#take();
      // One that cannot succeed must not hold up the others.
      if (!(await answer(taken, work, taken.length > 1))) for (const asker of taken) await answer([asker], work, false);
    }).catch(reject);
    return promise;
  }

  #take(): Asker<Ask, Answer>[] {
    const tickets = new Set<string>();
    const taken: Asker<Ask, Answer>[] = [];
    for (const asker of this.#askers.splice(0)) {
      const isAskedFor = asker.ticketIds.some((ticketId) => tickets.has(ticketId));
      (isAskedFor ? this.#askers : taken).push(asker);
      for (const ticketId of asker.ticketIds) tickets.add(ticketId);
    }
    return taken;
  }
}

/** @returns false when it failed and is to be tried again. */
async function answer<Ask, Answer>(
  askers: readonly Asker<Ask, Answer>[],
  work: (asks: readonly Ask[]) => Promise<readonly Answer[]>,
  isTriedAgain: boolean,
): Promise<boolean> {
  if (askers.length === 0) return true;
  try {
    const answers = await work(askers.map(({ ask }) => ask));
    for (const [index, { resolve }] of askers.entries()) resolve(answers[index] as Answer);
  } catch (error) {
    if (isTriedAgain) return false;
    for (const { reject } of askers) reject(error);
  }
  return true;
}
