/** A command that the ticket's state does not allow. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
}
