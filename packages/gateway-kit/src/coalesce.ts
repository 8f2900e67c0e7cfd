interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns many small calls into few large ones: while one batch is at work, the calls that come meanwhile gather for the next.
 * @param work Gets the items in the order of the calls and returns one result for each, in that order.
 */
export function coalesce<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  maxItems = 200,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let working = false;
  const run = async () => {
    working = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxItems);
      try {
        const results = await work(batch.map(({ item }) => item));
        for (const [index, call] of batch.entries()) call.resolve(results[index] as Result);
      } catch (error) {
        for (const call of batch) call.reject(error);
      }
    }
    working = false;
  };
  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // A microtask later, so that calls of the same turn go together.
      if (!working) {
        working = true;
        queueMicrotask(() => void run());
      }
    });
}
