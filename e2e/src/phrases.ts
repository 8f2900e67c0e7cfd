import type { Random } from './random.ts';

/** What customers write: several languages and kinds of problem, so that every branch of grading and routing is used. */
const phrases = [
  'My battery gives off smoke and smells burnt.',
  'The app crashes whenever I open the settings.',
  'How do I connect the scooter to my phone?',
  'The delivery is two weeks late and nobody answers.',
  'It would be nice to have a dark mode.',
  'The screen stays black after the update.',
  '电池充不进电,请尽快处理。',
  '请问保修期是多久?',
  '快递太慢了,我要投诉。',
  'Das Display zeigt nur noch Streifen.',
  'La batterie ne charge plus depuis hier.',
] as const;

/** A sentence of a customer. */
export function phrase(random: Random): string {
  return random.pick(phrases);
}
