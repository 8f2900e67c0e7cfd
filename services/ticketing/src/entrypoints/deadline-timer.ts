import { type Collection, createDueWorker, type DueWorker } from '@tributary/docstore';
import type { Clock, Logger } from '@tributary/runtime';
import { fromDocument, type TicketDocument } from '../adapters/ticket-document.ts';
import { type CheckDependencies, checkDeadlines } from '../usecases/check-deadlines.ts';

/** For how long a replica that died over a ticket keeps the others from it. */
const leaseMs = 15_000;
/** What falls due sooner than this after it was set may be this late; all else is seen to when it is due. */
const pollMs = 5000;

/** Looks at each ticket when something on it falls due. */
export function createDeadlineTimer(
  collection: Collection<TicketDocument>,
  dependencies: CheckDependencies & { readonly clock: Clock; readonly logger: Logger },
): DueWorker {
  const { clock, logger } = dependencies;
  const handle = (document: TicketDocument) => checkDeadlines(fromDocument(document), dependencies);
  return createDueWorker({ collection, clock, logger, leaseMs, pollMs, handle });
}
