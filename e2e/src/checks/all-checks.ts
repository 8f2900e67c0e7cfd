import type { Check, Violation } from '../history.ts';
import { checkAgentWork } from './agent-work.ts';
import { checkAnswersLeave, checkChatsArrive, checkMailsArrive } from './answers.ts';
import { checkConversationOrder, checkTickets } from './conversations.ts';
import { checkDeadLetters } from './dead-letters.ts';
import { checkEventSequences } from './event-sequences.ts';
import { checkMessagePlaces } from './message-places.ts';
import { checkOffers } from './offers.ts';
import { checkProviderArrivals } from './provider-arrivals.ts';

const checks: readonly Check[] = [
  checkMessagePlaces,
  checkTickets,
  checkEventSequences,
  checkConversationOrder,
  checkAnswersLeave,
  checkMailsArrive,
  checkChatsArrive,
  checkProviderArrivals,
  checkOffers,
  checkAgentWork,
  checkDeadLetters,
];

/** Every broken promise in a history of a system that has come to rest. */
export const checkAll: Check = (history): Violation[] => checks.flatMap((check) => check(history));
