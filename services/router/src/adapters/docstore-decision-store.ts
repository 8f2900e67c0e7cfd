import { RoutingDecision } from '@tributary/contracts';
import type { Collection, DocStore } from '@tributary/docstore';
import type { Decision } from '../domain/decision.ts';
import type { DecisionStore } from '../ports.ts';
import { fromProtoDecision, toProtoDecision } from './proto-routing.ts';

export interface DecisionDocument {
  readonly _id: string;
  readonly ticketId: string;
  readonly timeMs: number;
  /** The event's bytes in base64: a trace is written once, read rarely, and a third of its JSON's size. */
  readonly event: string;
  /** When it must be published again because nobody noted that it was. Absent: it is, or its message will bring it back. */
  readonly publishDueAtMs?: number;
}

/** How long whoever decided has to publish it. */
const publishWithinMs = 15_000;

export function openDecisionCollection(store: DocStore): Promise<Collection<DecisionDocument>> {
  return store.collection<DecisionDocument>('decisions', [
    { keys: { ticketId: 1, timeMs: 1 } },
    { keys: { publishDueAtMs: 1 } },
  ]);
}

/** Decisions for whoever asks later; the log is for whoever follows along. */
export function createDecisionStore(decisions: Collection<DecisionDocument>): DecisionStore {
  return {
    async find(ids) {
      if (ids.length === 0) return [];
      return (await decisions.find({ _id: { $in: ids } })).map(readDecision);
    },
    async save(list, nowMs) {
      if (list.length === 0) return;
      await decisions.bulkWrite(
        list.map((decision) => ({
          updateOne: {
            filter: { _id: decision.id },
            update: {
              $set: {
                ticketId: decision.ticketId,
                timeMs: decision.timeMs,
                event: write(decision),
                ...(!comesBack(decision) && { publishDueAtMs: nowMs + publishWithinMs }),
              },
            },
            upsert: true,
          },
        })),
      );
    },
    async published(list) {
      const due = list.filter((decision) => !comesBack(decision));
      if (due.length === 0) return;
      await decisions.bulkWrite(
        due.map(({ id }) => ({ updateOne: { filter: { _id: id }, update: { $unset: { publishDueAtMs: true } } } })),
      );
    },
    async ofTicket(ticketId) {
      return (await decisions.find({ ticketId }, { sort: { timeMs: 1, _id: 1 } })).map(readDecision);
    },
  };
}

/** A message whose decision was not published is delivered again; nothing else is. */
function comesBack({ trigger }: Decision): boolean {
  return trigger === 'message';
}

function write(decision: Decision): string {
  return Buffer.from(RoutingDecision.encode(toProtoDecision(decision)).finish()).toString('base64');
}

export function readDecision({ event }: Pick<DecisionDocument, 'event'>): Decision {
  return fromProtoDecision(RoutingDecision.decode(Buffer.from(event, 'base64')));
}
