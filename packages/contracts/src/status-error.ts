import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';

/** One bad field of a request: its path in proto names (`context.command_id`) and what is allowed. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** How a call failed, in gRPC's terms, the same in one process and over the network. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: status;
  readonly violations: readonly FieldViolation[];

  constructor(code: status, message: string, violations: readonly FieldViolation[] = []) {
    super(message);
    this.code = code;
    this.violations = violations;
  }
}

/** INVALID_ARGUMENT with one `BadRequest.FieldViolation` per bad field. */
export function invalidArgument(...violations: readonly FieldViolation[]): StatusError {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new StatusError(status.INVALID_ARGUMENT, message, violations);
}

export function failedPrecondition(reason: string): StatusError {
  return new StatusError(status.FAILED_PRECONDITION, reason);
}

export function notFound(what: string): StatusError {
  return new StatusError(status.NOT_FOUND, what);
}

/** The call may succeed when it is repeated. */
export function unavailable(reason: string): StatusError {
  return new StatusError(status.UNAVAILABLE, reason);
}

/** The same functions, their failures put into gRPC's terms by `statusOf`. What it hands back as it is, is a fault of ours. */
export function withStatus<Api extends object>(api: Api, statusOf: (error: unknown) => unknown): Api {
  return Object.fromEntries(
    Object.entries(api).map(([name, method]) => [
      name,
      (...parameters: unknown[]) => {
        const answer: unknown = (method as (...all: unknown[]) => unknown)(...parameters);
        if (isStream(answer)) return streamWithStatus(answer, statusOf);
        return (answer as Promise<unknown>).catch((error: unknown) => {
          throw statusOf(error);
        });
      },
    ]),
  ) as unknown as Api;
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

async function* streamWithStatus(stream: AsyncIterable<unknown>, statusOf: (error: unknown) => unknown) {
  try {
    yield* stream;
  } catch (error) {
    throw statusOf(error);
  }
}

/** The metadata key that carries `google.rpc.Status` (gRPC richer error model). */
export const statusDetailsKey = 'grpc-status-details-bin';
const badRequestType = 'type.googleapis.com/google.rpc.BadRequest';

/** `google.rpc.Status` holding one `google.rpc.BadRequest`, as bytes for `statusDetailsKey`. */
export function encodeStatusDetails(error: StatusError): Buffer {
  const badRequest = new BinaryWriter();
  for (const { field, description } of error.violations) {
    badRequest.uint32(10).fork().uint32(10).string(field).uint32(18).string(description).join();
  }
  const details = new BinaryWriter();
  details.uint32(8).int32(error.code).uint32(18).string(error.message);
  details.uint32(26).fork().uint32(10).string(badRequestType).uint32(18).bytes(badRequest.finish()).join();
  return Buffer.from(details.finish());
}

/** The field violations in a `google.rpc.Status`. Details of other types are passed over. */
export function decodeStatusDetails(bytes: Uint8Array): FieldViolation[] {
  return fieldsOf(bytes, 3).flatMap((any) => {
    const [type] = fieldsOf(any, 1);
    if (type === undefined || Buffer.from(type).toString() !== badRequestType) return [];
    return fieldsOf(any, 2).flatMap((badRequest) =>
      fieldsOf(badRequest, 1).map((violation) => ({
        field: Buffer.from(fieldsOf(violation, 1)[0] ?? []).toString(),
        description: Buffer.from(fieldsOf(violation, 2)[0] ?? []).toString(),
      })),
    );
  });
}

function fieldsOf(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === 2) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}
