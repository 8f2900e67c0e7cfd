/** Runs one piece of work after the other, in the order of the calls. One that fails does not hinder the next. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>) => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };
}
