/**
 * A document, filter, update or index that the document store does not take: a bug of the caller. Every adapter refuses
 * the same things with the same words.
 */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** Where, with dots: `customer.bornAt`, `$set.price`, `$or.0.state`. */
  readonly path: string;

  constructor(path: string, reason: string) {
    super(path === '' ? reason : `${path}: ${reason}`);
    this.path = path;
  }
}
