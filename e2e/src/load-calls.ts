import type { Leg } from '@tributary/testing/simulators/twilio';
import type { CustomerMessage } from './history.ts';
import type { MessageBook } from './message-book.ts';
import { pause } from './pause.ts';
import type { Telephones } from './providers/index.ts';
import type { Random } from './random.ts';

export interface CallLoadOptions {
  readonly telephones: Telephones;
  readonly book: MessageBook;
  readonly random: Random;
  /** Mail threads at once; of callers there is one for three. */
  readonly writers: number;
  /** Aborts when nobody is to call any more. */
  readonly stopWriting: AbortSignal;
}

/**
 * Customers who call, go through the menu and wait; then they speak with an agent, hang up, ask to be called back or leave a
 * message. A call that our side does not answer breaks off, and whoever made it calls again from another telephone.
 * @returns when the last has hung up.
 */
export async function loadCalls(options: CallLoadOptions): Promise<void> {
  const callers = Array.from({ length: Math.ceil(options.writers / 3) }, async (_, index) => {
    const random = options.random.fork(`caller ${index}`);
    while (!options.stopWriting.aborted) {
      await call({ ...options, random });
      await pause(random.between(300, 2000), options.stopWriting);
    }
  });
  await Promise.all(callers);
}

async function call({ telephones, book, random, stopWriting }: CallLoadOptions): Promise<void> {
  const caller = await telephones.call();
  const isRecorded = random.chance(0.5);
  const note = (suffix: string): CustomerMessage => {
    const message = book.add({
      ...{ channel: 'phone', conversation: `call ${caller.sid}`, providerId: `${caller.sid}${suffix}`, text: '' },
      ...{ pipelined: false, onceOnly: true },
    });
    message.sends = 1;
    return message;
  };
  // In Chinese: what is said in English comes onto the ticket with its transcript only.
  for (const key of ['2', random.pick(['1', '2', '3', '4'])]) await press(caller, key);
  if (isAt(caller, 'Gather')) {
    const waiting = note('');
    const ended = note(' ended');
    await press(caller, isRecorded ? '1' : '2');
    if (isAt(caller, 'Enqueue')) book.acknowledge(waiting);
    await pause(random.between(300, 4000), stopWriting);
    const wish = isAt(caller, 'Enqueue') ? random.pick(['', '', ' callback', ' voicemail']) : '';
    if (wish === '') {
      await caller.hangUp();
      // Who never waited has left nothing. With a recording that got lost it would be told of ten minutes later.
      const isOwed = waiting.acknowledgedAtMs !== undefined && !isRecorded;
      if (isOwed && wasTold(caller, '/voice/status')) book.acknowledge(ended);
    } else {
      const told = note(wish);
      await press(caller, wish === ' callback' ? '1' : '2');
      if (isAt(caller, 'Record')) {
        caller.say('电池充不进电');
        await press(caller, '#');
      }
      const isTold =
        wish === ' callback' ? hasHeard(caller, /^谢谢，我们会给您回电/) : wasTold(caller, '/call/recorded');
      if (isTold) book.acknowledge(told);
    }
  }
  await caller.hangUp();
}

/** Unless the call has broken off, or gone elsewhere. */
async function press(caller: Leg, key: string): Promise<void> {
  if (isAt(caller, 'Gather', 'Enqueue', 'Record')) await caller.press(key);
}

const isAt = ({ at }: Leg, ...verbs: Leg['at'][]) => verbs.includes(at);
const hasHeard = ({ heard }: Leg, what: RegExp) => heard.some((text) => what.test(text));

/** Our side has said that it knows. */
function wasTold({ requests }: Leg, path: string): boolean {
  return requests.some(({ url, status }) => url.includes(path) && status === 200);
}
