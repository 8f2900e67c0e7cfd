import { unavailable } from '@tributary/contracts';
import { UnavailableError } from '@tributary/docstore';

/** A use case's failure in gRPC's terms. What is not one of them stays as it is: a fault of ours. */
export function statusOf(error: unknown): unknown {
  // Its own words name addresses of ours; /health/ready shows them to operators.
  if (error instanceof UnavailableError) return unavailable("the router's store does not answer; try again later");
  return error;
}
