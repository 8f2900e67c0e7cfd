import type { DocStore, Document } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';

/**
 * Kills a process at a chosen point: after so many calls to the outside every further one fails, as if it had never been made
 * (`before`) or as if its answer were lost (`after`).
 */
export class Fuse {
  /** Calls left; -1 while it is not armed. */
  #left = -1;
  #moment: 'before' | 'after' = 'before';
  #blown = false;
  calls = 0;

  arm(calls: number, moment: 'before' | 'after'): void {
    this.#left = calls;
    this.#moment = moment;
    this.calls = 0;
  }

  get blown(): boolean {
    return this.#blown;
  }

  guard<T extends object>(target: T, names?: readonly string[]): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        if (names !== undefined && !names.includes(name)) return value.bind(object);
        return async (...parameters: unknown[]) => {
          const last = this.#count();
          if (this.#blown || (last && this.#moment === 'before')) throw this.#blow();
          const result: unknown = await value.apply(object, parameters);
          if (last) throw this.#blow();
          return result;
        };
      },
    });
  }

  guardStore(store: DocStore): DocStore {
    return {
      collection: async <T extends Document>(...parameters: Parameters<DocStore['collection']>) =>
        this.guard(await store.collection<T>(...parameters)),
      inOrder: (work) => store.inOrder(work),
      problems: () => store.problems(),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  guardLog(log: EventLog): EventLog {
    return this.guard(log, ['append']);
  }

  #count(): boolean {
    this.calls++;
    return this.#left > 0 && --this.#left === 0;
  }

  #blow(): Error {
    this.#blown = true;
    return new Error('killed');
  }
}
