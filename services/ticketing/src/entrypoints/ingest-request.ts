import type { IngestMessagesRequest, IngestMessagesResponse, IngestResult } from '@tributary/contracts';
import { ticketState } from '../contracts/enums.ts';
import { fromIngestItem, UnacceptableMessage } from '../contracts/from-contract.ts';
import { toGrade } from '../contracts/to-contract.ts';
import type { GradedMessage } from '../domain/inbound-message.ts';
import { needsOwner } from '../domain/ticket.ts';
import { type IngestDependencies, type IngestedMessage, ingestMessages } from '../usecases/ingest-messages.ts';
import { RequestFields } from './request-fields.ts';

/** Takes a batch. An item that cannot be taken is told so in its result and does not hinder the others. */
export async function ingestRequest(
  { items }: IngestMessagesRequest,
  dependencies: IngestDependencies,
): Promise<IngestMessagesResponse> {
  const fields = new RequestFields();
  fields.items('items', items, { min: 1, max: 1000 });
  fields.done();
  const accepted: GradedMessage[] = [];
  const errors = items.map((item) => {
    try {
      accepted.push(fromIngestItem(item));
      return '';
    } catch (error) {
      if (error instanceof UnacceptableMessage) return error.message;
      throw error;
    }
  });
  const ingested = accepted.length === 0 ? [] : await ingestMessages(accepted, dependencies);
  let next = 0;
  const results = errors.map((error, i) => {
    const done = error === '' ? ingested[next++] : undefined;
    return done === undefined ? refused(items[i]?.message?.id ?? '', error) : toResult(done);
  });
  return { results };
}

function toResult({ messageId, ticket, created, duplicate, runningProblemOwnerId }: IngestedMessage): IngestResult {
  return {
    messageId,
    ticketId: ticket.id,
    ticketNumber: ticket.number,
    created,
    duplicate,
    ownerId: ticket.ownerId,
    customerId: ticket.customerId,
    runningProblemOwnerId,
    state: ticketState.value(ticket.state),
    needsOwner: needsOwner(ticket),
    grade: toGrade(ticket.grade),
    tier: ticket.tier,
    error: '',
    receivedTime: new Date(ticket.receivedAtMs),
    lastSequence: BigInt(ticket.lastSequence),
  };
}

function refused(messageId: string, error: string): IngestResult {
  return {
    ...{
      messageId,
      error,
      ticketId: '',
      ticketNumber: '',
      created: false,
      duplicate: false,
      ownerId: '',
      customerId: '',
    },
    ...{ runningProblemOwnerId: '', state: 0, needsOwner: false, grade: undefined, tier: 0, receivedTime: undefined },
    lastSequence: 0n,
  };
}
