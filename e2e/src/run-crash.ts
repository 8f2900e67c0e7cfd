import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentServiceService, TicketServiceService } from '@tributary/contracts';
import { connectGrpc } from '@tributary/runtime';
import { runAgentRobot } from './agent-robot.ts';
import { answerTelephones } from './agent-telephones.ts';
import { type ChatCustomer, readWholeChat } from './chat-customer.ts';
import { checkAll } from './checks/all-checks.ts';
import { type CrashReport, reportOf } from './crash-report.ts';
import type { AgentCommand, ChatTranscript, History, OfferAnswer, Violation } from './history.ts';
import { loadCalls } from './load-calls.ts';
import { loadChat } from './load-chat.ts';
import { loadEmail } from './load-email.ts';
import { loadProviders } from './load-providers.ts';
import { type MailSink, startMailSink } from './mail-sink.ts';
import { MessageBook } from './message-book.ts';
import { runOfferRobot } from './offer-robot.ts';
import { goWithoutServers } from './outage.ts';
import { pause } from './pause.ts';
import { type ProviderChannel, type Providers, startProviders } from './providers/index.ts';
import { type Random, seededRandom } from './random.ts';
import { checkout, providerChannelsOf, type Release } from './release.ts';
import { restartInTurn } from './rolling-restart.ts';
import { settle } from './settling.ts';
import { chatSite, type GatewayAddresses, type System, supportAddress } from './system.ts';
import { startEmbeddedSystem } from './system-embedded.ts';
import { startScaleSystem } from './system-scale.ts';
import { carryOut, type Killed, planKills } from './victims.ts';

export type Mode = 'scale' | 'embedded';

/**
 * `outage`: broker and database, one after the other, are away. `rolling`: two replicas of each service are restarted in turn.
 * `upgrade`: the same, but they begin as the release before and come back as what is checked out.
 */
export type Disruption = 'kills' | 'outage' | 'rolling' | 'upgrade';

export interface CrashOptions {
  readonly mode: Mode;
  readonly disruption: Disruption;
  /** With `upgrade`: the release before. */
  readonly release?: Release;
  readonly kills: number;
  /** Over how long the kills are spread; how long an outage lasts; how long there is load before and after an upgrade. */
  readonly seconds: number;
  /** Decides who is killed when, and what customers and agents do. What happens then is up to the machine. */
  readonly seed: string;
  /** Mail threads, as many chats, and as many customers of the simulated providers, under way at once. */
  readonly writers: number;
  /** Keeps data and logs of the processes even when every promise was kept. */
  readonly keep: boolean;
  /** Customers call, too. */
  readonly calls?: boolean;
  /** A line of progress. */
  report(line: string): void;
  readonly signal: AbortSignal;
}

const startedLimitMs = 30_000;
const acknowledgeLimitMs = 120_000;
const patienceMs = 90_000;

/**
 * Puts load on a fresh Tributary, kills its parts meanwhile, lets it come to rest, and checks every promise.
 * @throws SystemUnavailable when this machine cannot run it; any other error when the test itself cannot go on.
 */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const startedAtMs = performance.now();
  // Without a process id: folders with one are removed when the process is gone, and what is kept is read then.
  const folder = mkdtempSync(join(tmpdir(), 'tributary-crash-'));
  let clean = false;
  try {
    await using sink = await startMailSink();
    const start = options.mode === 'scale' ? startScaleSystem : startEmbeddedSystem;
    const replicas = options.disruption === 'rolling' || options.disruption === 'upgrade' ? 2 : 1;
    const { release } = options;
    let gateways: GatewayAddresses | undefined;
    await using providers = await startProviders(() => gateways ?? fail('Tributary is not there yet'));
    const environment = {
      ...providers.environment,
      // Each release brings the policy that it can read.
      ...(release === undefined && { ROUTER_POLICY_FILE: policyOfTheTest(folder) }),
    };
    await using system = await start({
      ...{ folder, replicas, environment },
      ...(release && { release }),
      mailSinkPort: sink.port,
      report: options.report,
    });
    gateways = system;
    await system.ready();
    options.report(
      `ready after ${seconds(performance.now() - startedAtMs)}; logs of the processes in ${system.logFolder}`,
    );
    const { history, killed, broken } = await disruptUnderLoad(system, sink, providers, options);
    const violations = [...broken, ...checkAll(history)];
    clean = violations.length === 0;
    const starts = new Map(system.services.map((service) => [service.name, service.starts]));
    const tookMs = performance.now() - startedAtMs;
    return reportOf({ ...options, history, killed, violations, starts, tookMs });
  } finally {
    if (clean && !options.keep) rmSync(folder, { recursive: true, force: true });
    else if (existsSync(folder)) options.report(`data and logs are kept in ${folder}`);
  }
}

async function disruptUnderLoad(system: System, sink: MailSink, providers: Providers, options: CrashOptions) {
  const { report, signal, writers } = options;
  const channels = providerChannelsOf(options.release?.folder ?? checkout);
  const random = seededRandom(options.seed);
  const book = new MessageBook();
  const commands: AgentCommand[] = [];
  const offerAnswers: OfferAnswer[] = [];
  const ends = {
    ...{ writing: new AbortController(), working: new AbortController(), all: new AbortController() },
    offering: new AbortController(),
  };
  const stopWriting = AbortSignal.any([ends.writing.signal, signal]);
  const stopWorking = AbortSignal.any([ends.working.signal, signal]);
  const giveUp = AbortSignal.any([ends.all.signal, signal]);
  await using ticketing = connectGrpc(system.ticketingAddress);
  await using router = connectGrpc(system.routerAddress);

  const load = { book, writers, stopWriting, giveUp };
  const email = loadEmail({ ...load, smtpPort: system.smtpPort, supportAddress, sink, random: random.fork('email') });
  const chat = loadChat({ ...load, url: system.chatUrl, site: chatSite, random: random.fork('chat') });
  const tickets = ticketing.api(TicketServiceService);
  const robot = runAgentRobot({ tickets, commands, random: random.fork('agents'), stopWorking, giveUp });
  const social = loadProviders({ ...load, providers, channels, random: random.fork('providers') });
  const { telephones } = providers;
  // How calls are offered is in the policy of the test.
  const calls =
    options.calls && options.release === undefined
      ? loadCalls({ ...load, telephones, random: random.fork('calls') })
      : undefined;
  const offers = runOfferRobot({
    agents: router.api(AgentServiceService),
    ...{ random: random.fork('offers'), answers: offerAnswers, stopRefusing: stopWriting },
    stop: AbortSignal.any([ends.offering.signal, signal]),
  });
  const agents = answerTelephones({
    ...{ telephones, random: random.fork('telephones'), stopRefusing: stopWriting },
    stop: AbortSignal.any([ends.offering.signal, signal]),
  });
  // Awaited below; a failure meanwhile must not end the process before the kills are over.
  for (const work of [email, chat, social, calls, robot, offers, agents]) work?.catch(() => {});

  await firstAcknowledged(book, channels, signal);
  const { killed, broken } = await disrupt(system, options, random);
  await system.ready();
  report('everything is up again; the load stops');
  ends.writing.abort();
  const late = setTimeout(() => ends.all.abort(), acknowledgeLimitMs);
  const [customers] = await Promise.all([chat, email, social, calls]);
  // The agents answer what is left, a little longer, so that answers are under way to calm chats as well.
  await pause(2000, signal);
  ends.working.abort();
  await robot;
  clearTimeout(late);

  report(`${book.messages.length} messages, ${commands.length} commands; waiting until nothing is under way`);
  await using log = await system.openLog();
  const { state, unfinished } = await settle(system, log, { messages: book.messages, patienceMs, report });
  ends.offering.abort();
  await Promise.all([offers, agents]);
  report('checking');
  const chats = await readChats(system, customers);
  const { messages, refusals } = book;
  const received = { mails: sink.mails, arrivals: providers.arrivals(), chats };
  const history: History = { ...state, messages, refusals, commands, offerAnswers, ...received };
  for (const detail of unfinished) broken.push({ promise: 'everything comes to rest', detail });
  for (const { channel, providerId, acknowledgedAtMs, onceOnly } of messages) {
    if (acknowledgedAtMs !== undefined || onceOnly) continue;
    broken.push({ promise: 'every message is acknowledged in the end', detail: `${channel} ${providerId} never was` });
  }
  return { history, killed, broken };
}

async function disrupt(
  system: System,
  { disruption, kills, seconds, report, signal }: CrashOptions,
  random: Random,
): Promise<{ killed: Killed[]; broken: Violation[] }> {
  if (disruption === 'outage') return goWithoutServers(system, seconds * 1000, report, signal);
  if (disruption === 'upgrade') {
    await pause(seconds * 1000, signal);
    await system.prepareUpgrade();
    const killed = await restartInTurn(system, report, signal, checkout);
    await pause(seconds * 1000, signal);
    return { killed, broken: [] };
  }
  if (disruption === 'rolling') return { killed: await restartInTurn(system, report, signal), broken: [] };
  const names = system.victims.map(({ name }) => name);
  const plan = planKills(names, kills, seconds * 1000, random.fork('kills'));
  return { killed: await carryOut(plan, system.victims, report, signal), broken: [] };
}

/** Ends the chats, each when it has been shown what a new device is shown. */
async function readChats(system: System, customers: readonly ChatCustomer[]): Promise<ChatTranscript[]> {
  const chats: ChatTranscript[] = [];
  for (const customer of customers) {
    const { token, sessionId, conversation, received } = customer;
    // Without a session nothing was ever acknowledged in it.
    if (token !== undefined) {
      const whole = await readWholeChat(system.chatUrl, chatSite, token);
      await customer.catchUp(whole.length);
      chats.push({ conversation, sessionId, received, whole });
    }
    customer.close();
  }
  return chats;
}

/** Load first: there is nothing to lose before. */
async function firstAcknowledged(
  book: MessageBook,
  fromProviders: readonly ProviderChannel[],
  signal: AbortSignal,
): Promise<void> {
  const giveUpAtMs = Date.now() + startedLimitMs;
  const acknowledged = (channel: string) =>
    book.messages.some((message) => message.channel === channel && message.acknowledgedAtMs !== undefined);
  const channels = ['email', 'chat', ...fromProviders];
  while (!channels.every(acknowledged)) {
    if (Date.now() > giveUpAtMs) {
      const missing = channels.filter((channel) => !acknowledged(channel)).join(', ');
      throw new Error(`nothing was acknowledged by ${missing}: ${book.refusals.join('; ')}`);
    }
    await pause(50, signal);
  }
}

/** The demo policy, but chats are offered too, and offers that are not answered take nobody off. */
function policyOfTheTest(folder: string): string {
  const demo = fileURLToPath(new URL('../../services/router/policies/demo.yaml', import.meta.url));
  const offer = 'timeout: 10s, not_answering_after: never, ask_again_after: 1m';
  const offers = `offers:\n  chat: { ${offer} }\n  phone: { ${offer}, needs_call_address: true }\n`;
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, readFileSync(demo, 'utf8').replace(/^offers:\n(?: .*\n)+/m, offers));
  return path;
}

function fail(reason: string): never {
  throw new Error(reason);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
