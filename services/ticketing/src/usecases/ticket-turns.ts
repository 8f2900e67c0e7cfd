/**
 * Lets the commands of this replica on one ticket wait for each other, as all but one would only have to be decided anew. What
 * decides is the version, for other replicas and for batches too.
 */
export class TicketTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** @param work Told whether it had to wait: then what was read before may be old. */
  async take<T>(ticketId: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> {
    const before = this.#last.get(ticketId);
    const turn = (async () => {
      await before?.catch(() => {});
      return work(before !== undefined);
    })();
    this.#last.set(ticketId, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(ticketId) === turn) this.#last.delete(ticketId);
    }
  }
}
