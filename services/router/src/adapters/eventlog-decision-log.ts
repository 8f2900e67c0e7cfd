import { encodeEvent, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { DecisionLog } from '../ports.ts';
import { countDecisions } from '../telemetry.ts';
import { toProtoDecision } from './proto-routing.ts';

/** Publishes decisions on routing.decisions.v1. */
export function createDecisionLog(eventLog: EventLog): DecisionLog {
  return {
    async publish(decisions) {
      if (decisions.length === 0) return;
      await eventLog.append(
        decisions.map((decision) => encodeEvent(topics.decisions, toProtoDecision(decision), 'tributary/router')),
      );
      countDecisions(decisions);
    },
  };
}
