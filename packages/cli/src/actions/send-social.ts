import { setTimeout as delay } from 'node:timers/promises';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plain, plainLine } from '../text/plain.ts';
import { findSimulator } from './simulator.ts';

interface SendSocialOptions extends GlobalOptions {
  readonly text: string;
  readonly from: string;
  /** Milliseconds to look for answers. */
  readonly wait?: number;
  readonly simulator?: string;
}

export interface SendWebhookOptions extends SendSocialOptions {
  readonly public?: true;
}

export interface SendWeiboOptions extends SendSocialOptions {
  readonly as: 'mention' | 'comment' | 'message';
}

interface Answer {
  readonly id: string;
  readonly text: string;
  readonly visibility: 'public' | 'private';
}

const lookEveryMs = 500;

/** Writes on the simulated platform. It returns when our webhook has accepted the message: then it is in the log. */
export async function sendWebhook(context: CliContext, options: SendWebhookOptions): Promise<void> {
  await send(context, 'webhook', 'message', { public: options.public === true }, options);
}

/**
 * Writes on the simulated Weibo. A private message is in the log when it returns; posts and comments are found when our
 * gateway looks for them next.
 */
export async function sendWeibo(context: CliContext, options: SendWeiboOptions): Promise<void> {
  await send(context, 'weibo', options.as, {}, options);
}

async function send(
  context: CliContext,
  provider: string,
  action: string,
  more: object,
  options: SendSocialOptions,
): Promise<void> {
  const { from } = options;
  const simulator = await findSimulator(context, provider, options);
  const text = options.text === '-' ? (await context.readStdin()).trimEnd() : options.text;
  const answersNow = () => simulator.get<Answer[]>(`answers?customer=${encodeURIComponent(from)}`);
  const seen = new Set((await answersNow()).map(({ id }) => id));
  const { status = 200 } = await simulator.post<{ status?: number }>(action, { from, text, ...more });
  if (status < 200 || status > 299) {
    throw new CommandFailure(exitCodes.refused, 'WEBHOOK_REFUSED', `Our webhook answered ${status}.`);
  }
  if (!options.json) context.stdout.write(`${plainLine(`Sent from ${from}, on a simulated ${provider}.`)}\n`);
  const answers: Answer[] = [];
  const endMs = Date.now() + (options.wait ?? 0);
  while (Date.now() < endMs) {
    for (const answer of await answersNow()) {
      if (seen.has(answer.id)) continue;
      seen.add(answer.id);
      answers.push(answer);
      if (!options.json) context.stdout.write(`${answer.visibility}: ${plain(answer.text)}\n`);
    }
    await delay(lookEveryMs, undefined, { signal: context.signal });
  }
  if (options.json) printJson(context, { from, answers });
}
