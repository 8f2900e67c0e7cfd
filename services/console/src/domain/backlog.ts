/**
 * The latest records not looked at yet, bounded by number and bytes: while nobody watches, an event costs its place here
 * and nothing else. What does not fit pushes out the oldest.
 */
export class Backlog<Item> {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #items: { readonly item: Item; readonly bytes: number }[] = [];
  #first = 0;
  #bytes = 0;

  constructor({ maxItems, maxBytes }: { readonly maxItems: number; readonly maxBytes: number }) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  add(item: Item, bytes: number): void {
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    while (this.#items.length - this.#first > this.#maxItems || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#items[this.#first]?.bytes ?? 0;
      this.#first++;
    }
    // Moving the rest up once in a while instead of with every removal.
    if (this.#first > this.#maxItems) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Takes everything out, oldest first. */
  takeAll(): Item[] {
    const taken = this.#items.slice(this.#first).map(({ item }) => item);
    this.#items = [];
    this.#first = 0;
    this.#bytes = 0;
    return taken;
  }
}
