import { pause } from './pause.ts';
import type { Telephones } from './providers/index.ts';
import type { Random } from './random.ts';

export interface AgentTelephonesOptions {
  readonly telephones: Telephones;
  readonly random: Random;
  /** Aborts when every call is to be taken. */
  readonly stopRefusing: AbortSignal;
  /** Aborts when it is to end. */
  readonly stop: AbortSignal;
}

/** Agents whose telephones ring: most take the call with a key, some are busy, some let it ring. */
export async function answerTelephones({ telephones, random, stopRefusing, stop }: AgentTelephonesOptions) {
  const seen = new Set<string>();
  while (!stop.aborted) {
    const news = telephones.ringing().filter(({ sid }) => !seen.has(sid));
    await Promise.all(
      news.map(async (telephone) => {
        seen.add(telephone.sid);
        const refuses = !stopRefusing.aborted && random.chance(0.3);
        if (refuses) return random.chance(0.5) ? telephone.end('busy') : undefined;
        await telephone.answer();
        // Otherwise they were told that the call is not waiting any more, or nothing.
        if (telephone.at === 'Gather') await telephone.press('1');
      }),
    );
    await pause(200, stop);
  }
}
