import type { Check } from '../history.ts';

/** A crash makes no message one that can never be handled. */
export const checkDeadLetters: Check = ({ deadLetters }) =>
  deadLetters.map(({ topic, records }) => ({
    promise: 'nothing is a dead letter',
    detail: `${topic} holds ${records}`,
  }));
