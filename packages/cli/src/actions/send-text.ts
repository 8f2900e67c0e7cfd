import { setTimeout as delay } from 'node:timers/promises';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plain, plainLine } from '../text/plain.ts';
import { readAttachment } from './read-attachment.ts';
import { findSimulator, type Simulator } from './simulator.ts';

export interface SendTextOptions extends GlobalOptions {
  readonly text: string;
  readonly from: string;
  readonly to?: string;
  readonly attach?: readonly string[];
  /** Milliseconds to watch the telephone. */
  readonly wait?: number;
  readonly simulator?: string;
}

type Medium = 'sms' | 'whatsapp';

interface ReceivedMessage {
  readonly sid: string;
  readonly medium: Medium;
  readonly from: string;
  readonly text: string;
  readonly files: readonly { readonly mediaType: string; readonly size: number }[];
}

const watchEveryMs = 500;

/** Writes as a customer with a telephone. It returns when our webhook has accepted the message: then it is in the log. */
export async function sendText(context: CliContext, medium: Medium, options: SendTextOptions): Promise<void> {
  const simulator = await findSimulator(context, 'twilio', options);
  const text = options.text === '-' ? (await context.readStdin()).trimEnd() : options.text;
  const files = await Promise.all((options.attach ?? []).map((name) => readAttachment(context, name)));
  const { from } = options;
  const to = options.to ?? (await firstNumber(simulator));
  const before = new Set((await received(simulator, medium, from)).map(({ sid }) => sid));
  const { webhook } = await simulator.post<{ webhook: { status: number; body: string } }>(medium, {
    ...{ from, to, text, files },
  });
  if (webhook.status >= 300) {
    throw new CommandFailure(
      exitCodes.refused,
      'WEBHOOK_REFUSED',
      `Our webhook answered ${webhook.status}: ${webhook.body}`,
    );
  }
  if (!options.json) context.stdout.write(`${plainLine(`Sent from ${from} to ${to}, on the simulated Twilio.`)}\n`);
  const answers: ReceivedMessage[] = [];
  const endMs = Date.now() + (options.wait ?? 0);
  while (Date.now() < endMs) {
    for (const message of await received(simulator, medium, from)) {
      if (before.has(message.sid)) continue;
      before.add(message.sid);
      answers.push(message);
      if (!options.json) context.stdout.write(shown(message));
    }
    await delay(watchEveryMs, undefined, { signal: context.signal });
  }
  if (options.json) printJson(context, { from, to, answers });
}

function received(simulator: Simulator, medium: Medium, customer: string): Promise<ReceivedMessage[]> {
  return simulator
    .get<ReceivedMessage[]>(`messages?customer=${encodeURIComponent(customer)}`)
    .then((messages) => messages.filter((message) => message.medium === medium));
}

/** Our first number there. */
export async function firstNumber(simulator: Simulator): Promise<string> {
  const [first] = await simulator.get<{ readonly number: string }[]>('numbers');
  if (first === undefined) throw usageFailure('--to must be given: the simulator has no number');
  return first.number;
}

function shown({ from, text, files }: ReceivedMessage): string {
  const attached = files.map(({ mediaType, size }) => `  [${mediaType}, ${size} bytes]\n`).join('');
  return `${plainLine(from)}: ${plain(text)}\n${attached}`;
}
