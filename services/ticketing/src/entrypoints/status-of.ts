import { status } from '@grpc/grpc-js';
import { failedPrecondition, invalidArgument, notFound, StatusError, unavailable } from '@tributary/contracts';
import { InvalidPageTokenError, UnavailableError } from '@tributary/docstore';
import { Rejection } from '../domain/rejection.ts';
import { TicketNotFound, VersionMismatch } from '../usecases/change-ticket.ts';
import { ContentionError } from '../usecases/change-tickets.ts';

/** A use case's failure in gRPC's terms. What is not one of them stays as it is: a fault of ours. */
export function statusOf(error: unknown): unknown {
  if (error instanceof Rejection) return failedPrecondition(error.message);
  if (error instanceof TicketNotFound) return notFound(error.message);
  if (error instanceof VersionMismatch) return new StatusError(status.ABORTED, error.message);
  if (error instanceof ContentionError) return unavailable(error.message);
  // Its own words name addresses of ours; /health/ready shows them to operators.
  if (error instanceof UnavailableError) return unavailable('the ticket store does not answer; try again later');
  if (error instanceof InvalidPageTokenError)
    return invalidArgument({ field: 'page_token', description: error.message });
  return error;
}
