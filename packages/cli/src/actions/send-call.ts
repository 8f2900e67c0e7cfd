import { setTimeout as delay } from 'node:timers/promises';
import type { CliContext, GlobalOptions } from '../context.ts';
import { printJson } from '../text/json.ts';
import { plainLine } from '../text/plain.ts';
import { firstNumber } from './send-text.ts';
import { findSimulator, type Simulator } from './simulator.ts';

export interface SendCallOptions extends GlobalOptions {
  readonly keys: string;
  readonly text?: string;
  readonly from: string;
  readonly to?: string;
  readonly take?: true;
  /** Milliseconds to stay on the line. */
  readonly wait?: number;
  readonly simulator?: string;
}

/** One telephone in a call, as the simulator shows it. */
interface Leg {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly status: string;
  readonly direction: string;
  /** At which verb it waits; empty: at none. */
  readonly at: string;
  readonly heard: readonly string[];
}

const watchEveryMs = 250;

/**
 * Calls as a customer: presses keys, says a text when somebody or a recording listens, prints what is heard, and hangs up at
 * the end. Without `wait` the caller hangs up as soon as the keys are pressed and the text is said.
 */
export async function sendCall(context: CliContext, options: SendCallOptions): Promise<void> {
  const simulator = await findSimulator(context, 'twilio', options);
  const { from, keys, json, take } = options;
  let text = options.text === '-' ? (await context.readStdin()).trimEnd() : (options.text ?? '');
  const to = options.to ?? (await firstNumber(simulator));
  const print = (line: string) => {
    if (!json) context.stdout.write(`${plainLine(line)}\n`);
  };
  const show = hears(print);
  const act = async (leg: Leg, action: string, body: object = {}) =>
    show(await simulator.post<Leg>(`calls/${leg.sid}/${action}`, body));

  const known = new Set((await simulator.get<Leg[]>('calls')).map(({ sid }) => sid));
  print(`Calling ${to} from ${from} (simulated).`);
  let caller = show(await simulator.post<Leg>('calls', { from, to }));
  for (const key of keys) {
    if (caller.status !== 'in-progress') break;
    if (key !== '.') print(`You press ${key}.`);
    caller = key === '.' ? await act(caller, 'silence') : await act(caller, 'press', { digit: key });
  }
  const endMs = Date.now() + (options.wait ?? 0);
  do {
    caller = show(await simulator.get<Leg>(`calls/${caller.sid}`));
    if (take) await takeCall(simulator, known, print);
    if (text !== '' && (caller.at === 'Record' || caller.at === 'Conference')) {
      print(`You say: ${text}`);
      caller = await act(caller, 'say', { text });
      text = '';
    }
    if (caller.status !== 'in-progress' || Date.now() >= endMs) break;
    await delay(watchEveryMs, undefined, { signal: context.signal });
  } while (Date.now() < endMs);
  if (caller.status === 'in-progress') caller = await act(caller, 'hangup');
  print(`The call is ${caller.status}.`);
  if (json) printJson(context, caller);
}

/** Prints what is new in what a telephone has heard. */
function hears(print: (line: string) => void) {
  let count = 0;
  return (leg: Leg): Leg => {
    for (const line of leg.heard.slice(count)) print(`You hear: ${/^https?:/.test(line) ? `♪ ${line}` : line}`);
    count = Math.max(count, leg.heard.length);
    return leg;
  };
}

/** Whichever agent's telephone rings is picked up, and a key takes the call. */
async function takeCall(simulator: Simulator, known: Set<string>, print: (line: string) => void): Promise<void> {
  for (const leg of await simulator.get<Leg[]>('calls')) {
    if (known.has(leg.sid) || leg.direction !== 'outbound-api' || leg.status !== 'ringing') continue;
    known.add(leg.sid);
    print(`${leg.to} is rung and takes the call.`);
    const answered = await simulator.post<Leg>(`calls/${leg.sid}/answer`, {});
    if (answered.at === 'Gather') await simulator.post<Leg>(`calls/${leg.sid}/press`, { digit: '1' });
  }
}
