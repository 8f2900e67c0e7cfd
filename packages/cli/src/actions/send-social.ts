import { setTimeout as delay } from 'node:timers/promises';
import type { CliContext, GlobalOptions } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plain, plainLine } from '../text/plain.ts';
import { readAttachment } from './read-attachment.ts';
import { findSimulator } from './simulator.ts';

export interface SendSocialOptions extends GlobalOptions {
  readonly text?: string;
  readonly from: string;
  readonly attach?: readonly string[];
  readonly press?: string;
  /** Milliseconds to watch what arrives. */
  readonly wait?: number;
  readonly simulator?: string;
}

/** What a customer sees. */
interface Answer {
  readonly id: string;
  readonly text: string;
  readonly files: readonly { readonly mediaType: string; readonly size: number }[];
}

const watchEveryMs = 500;

/** Writes as a customer of a simulated platform. It returns when the platform has the message. */
export async function sendSocial(context: CliContext, platform: string, options: SendSocialOptions): Promise<void> {
  const { from, press, attach = [] } = options;
  if (options.text === undefined && press === undefined && attach.length === 0) {
    throw usageFailure('one of --text, --attach and --press must be given');
  }
  const simulator = await findSimulator(context, platform, options);
  const text = options.text === '-' ? (await context.readStdin()).trimEnd() : options.text;
  const files = await Promise.all(attach.map((file) => readAttachment(context, file)));
  const answersOf = () => simulator.get<Answer[]>(`answers?customer=${encodeURIComponent(from)}`);
  const before = new Set((await answersOf()).map(({ id }) => id));
  const { id } = await (press === undefined
    ? simulator.post<{ id: string }>('message', { from, text, files })
    : simulator.post<{ id: string }>('press', { from, data: press }));
  if (!options.json) context.stdout.write(`${plainLine(`Sent ${id} from ${from}, to the simulated ${platform}.`)}\n`);
  const answers: Answer[] = [];
  const endMs = Date.now() + (options.wait ?? 0);
  while (Date.now() < endMs) {
    for (const answer of await answersOf()) {
      if (before.has(answer.id)) continue;
      before.add(answer.id);
      answers.push(answer);
      if (!options.json) context.stdout.write(shown(answer));
    }
    await delay(watchEveryMs, undefined, { signal: context.signal });
  }
  if (options.json) printJson(context, { id, from, answers });
}

function shown({ text, files }: Answer): string {
  const attached = files.map(({ mediaType, size }) => `  [${mediaType}, ${size} bytes]\n`).join('');
  return `${plain(text)}\n${attached}`;
}
