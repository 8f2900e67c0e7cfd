import { type Collection, createDueWorker, type DueWorker } from '@tributary/docstore';
import type { ContactDocument } from '../adapters/docstore-contact-store.ts';
import { type OfferDocument, toOffer } from '../adapters/docstore-offer-store.ts';
import type { KeptOffer } from '../ports.ts';
import type { RoutingContext } from '../usecases/context.ts';

const leaseMs = 15_000;
/** What another router left undone about an offer when it died begins this much late, once its lease is over. */
const pollMs = 1000;

/** What falls due about offers: telling of them, timing them out, and what follows from their end. */
export function createOfferTimer(
  { clock, logger }: Pick<RoutingContext, 'clock' | 'logger'>,
  offers: Collection<OfferDocument>,
  carryOn: (offer: KeptOffer) => Promise<unknown>,
): DueWorker {
  return createDueWorker<OfferDocument>({
    clock,
    logger,
    leaseMs,
    pollMs,
    collection: offers,
    async handle(document) {
      await carryOn(toOffer(document));
    },
  });
}

/** Forgets contacts of which nothing was heard for long. */
export function createContactTimer(
  { clock, logger }: Pick<RoutingContext, 'clock' | 'logger'>,
  contacts: Collection<ContactDocument>,
): DueWorker {
  return createDueWorker<ContactDocument>({
    clock,
    logger,
    leaseMs,
    pollMs: 60_000,
    collection: contacts,
    async handle({ _id, dueAtMs }) {
      await contacts.deleteOne({ _id, dueAtMs });
    },
  });
}
