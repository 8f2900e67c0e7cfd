import { setTimeout as delay } from 'node:timers/promises';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plain, plainLine } from '../text/plain.ts';
import { readAttachment } from './read-attachment.ts';
import { findSimulator } from './simulator.ts';

/** Which of them there are depends on the platform. */
export interface SendSocialOptions extends GlobalOptions {
  readonly text?: string;
  readonly from: string;
  readonly attach?: readonly string[];
  readonly press?: string;
  /** What kind of message, where the platform has several. */
  readonly as?: string;
  readonly public?: true;
  /** The platform, where a command has several. */
  readonly on?: string;
  /** Of a review: 1 to 5, and a title. */
  readonly stars?: number;
  readonly title?: string;
  /** Milliseconds to watch what arrives. */
  readonly wait?: number;
  readonly simulator?: string;
}

/** What a customer sees. */
interface Answer {
  readonly id: string;
  readonly text: string;
  /** Where a platform has both. */
  readonly visibility?: 'public' | 'private';
  readonly files?: readonly { readonly mediaType: string; readonly size: number }[];
}

const watchEveryMs = 500;

/**
 * Writes as a customer of a simulated platform. It returns when the platform has the message: where it pushes, our webhook has
 * accepted it by then; where we ask, it is found when our gateway asks next.
 */
export async function sendSocial(context: CliContext, onlyOne: string, options: SendSocialOptions): Promise<void> {
  const { from, press, attach = [], on: platform = onlyOne } = options;
  if (options.text === undefined && press === undefined && attach.length === 0) {
    throw usageFailure('one of --text, --attach and --press must be given');
  }
  const simulator = await findSimulator(context, platform, options);
  const text = options.text === '-' ? (await context.readStdin()).trimEnd() : options.text;
  const files = await Promise.all(attach.map((file) => readAttachment(context, file)));
  const answersNow = () => simulator.get<Answer[]>(`answers?customer=${encodeURIComponent(from)}`);
  const seen = new Set((await answersNow()).map(({ id }) => id));
  const { id, status = 200 } = await (press === undefined
    ? simulator.post<{ id?: string; status?: number }>(options.as ?? 'message', {
        ...{ from, text, public: options.public === true },
        ...(files.length > 0 && { files }),
        ...(options.stars !== undefined && { stars: options.stars }),
        ...(options.title !== undefined && { title: options.title }),
      })
    : simulator.post<{ id: string; status?: number }>('press', { from, data: press }));
  if (status < 200 || status > 299) {
    throw new CommandFailure(exitCodes.refused, 'WEBHOOK_REFUSED', `Our webhook answered ${status}.`);
  }
  if (!options.json) context.stdout.write(`${plainLine(`Sent from ${from}, on the simulated ${platform}.`)}\n`);
  const answers: Answer[] = [];
  const endMs = Date.now() + (options.wait ?? 0);
  while (Date.now() < endMs) {
    for (const answer of await answersNow()) {
      if (seen.has(answer.id)) continue;
      seen.add(answer.id);
      answers.push(answer);
      if (!options.json) context.stdout.write(shown(answer));
    }
    await delay(watchEveryMs, undefined, { signal: context.signal });
  }
  if (options.json) printJson(context, { id, from, answers });
}

function shown({ text, visibility, files = [] }: Answer): string {
  const attached = files.map(({ mediaType, size }) => `  [${mediaType}, ${size} bytes]\n`).join('');
  return `${visibility === undefined ? '' : `${visibility}: `}${plain(text)}\n${attached}`;
}
