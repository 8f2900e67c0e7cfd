import { status } from '@grpc/grpc-js';
import { StatusError } from '@tributary/contracts';
import { UnavailableError } from '@tributary/docstore';
import type { Serial } from './serial.ts';

interface Asker<Ask, Answer> {
  readonly ask: Ask;
  readonly about: readonly string[];
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Most tickets or messages of several callers in one turn; a single caller may bring more. */
const maxShared = 500;

/**
 * Work that is done for all who asked for it since the turn before. Partitions deliver side by side; one after the other each would
 * wait for the disk, and each on its own costs as much as a few messages.
 */
export class SharedTurn<Ask, Answer> {
  readonly #serial: Serial;
  #askers: readonly Asker<Ask, Answer>[] = [];

  constructor(serial: Serial) {
    this.#serial = serial;
  }

  /**
   * @param about Ids of the tickets or messages it is about. Who asks for one that another one asks for has a turn of its own.
   * @param work Answers every ask, in their order. Done again for each ask alone after it failed for
   * several, unless a store or a service is away: then it is so for each.
   */
  ask(ask: Ask, about: readonly string[], work: (asks: readonly Ask[]) => Promise<readonly Answer[]>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#askers = [...this.#askers, { ask, about, resolve, reject }];
    this.#serial(async () => {
      const taken = this.#take();
      // One that cannot succeed must not hold up the others.
      if (!(await answer(taken, work, taken.length > 1))) for (const asker of taken) await answer([asker], work, false);
    }).catch(reject);
    return promise;
  }

  #take(): readonly Asker<Ask, Answer>[] {
    const taken: Asker<Ask, Answer>[] = [];
    const left: Asker<Ask, Answer>[] = [];
    const known = new Set<string>();
    let size = 0;
    for (const asker of this.#askers) {
      const isFree = taken.length === 0 || size + asker.about.length <= maxShared;
      if (isFree && !asker.about.some((id) => known.has(id))) {
        taken.push(asker);
        size += asker.about.length;
      } else left.push(asker);
      for (const id of asker.about) known.add(id);
    }
    this.#askers = left;
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
    if (isTriedAgain && !isAway(error)) return false;
    for (const { reject } of askers) reject(error);
  }
  return true;
}

function isAway(error: unknown): boolean {
  return error instanceof UnavailableError || (error instanceof StatusError && error.code === status.UNAVAILABLE);
}
