import { encodeEvent, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { backOffMs, composeServices, type Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import type { Channel, ChannelDependencies, Inbox } from './channel.ts';
import { createIntake } from './intake.ts';
import { createSender } from './sender.ts';
import { showChannel } from './telemetry.ts';
import { showTyping } from './typing.ts';
import { webhookRoutes } from './webhook.ts';

export interface GatewayDependencies extends Omit<ChannelDependencies, 'blobStore'> {
  readonly eventLog: EventLog;
}

export interface Gateway extends Required<Service> {
  /** The channel's webhooks and what else it serves, for the server that has the port. */
  readonly http: FastifyPluginAsync;
}

/** Everything a channel needs around it: durable intake, ordered sending, delivery events, webhooks, its declaration. */
export async function createGateway(channel: Channel, dependencies: GatewayDependencies): Promise<Gateway> {
  const { eventLog, docStore, clock, logger, publicUrl } = dependencies;
  const { name, rate, concurrencyPerAccount } = channel;
  const source = `tributary/gateway-${name}`;
  showChannel(name);
  const sender = await createSender({
    channel: name,
    capabilities: channel.capabilities,
    eventLog,
    docStore,
    clock,
    logger,
    send: (message) => channel.send(message),
    idempotent: channel.idempotent ?? false,
    ...(rate !== undefined && { rate }),
    ...(concurrencyPerAccount !== undefined && { concurrencyPerAccount }),
  });
  const inbox: Inbox = {
    ...createIntake({ eventLog, clock, source }),
    report: (outboundMessageId, receipt) => sender.report(outboundMessageId, receipt),
    signal: (signal) => eventLog.append([encodeEvent(topics.signals, signal, source)]),
  };
  const connection = await channel.connect?.(inbox, sender);
  const service = composeServices([
    declareChannel(channel, { eventLog, clock, logger, source }),
    sender,
    ...(channel.typing === undefined ? [] : [showTyping(channel, eventLog, logger)]),
    ...(connection === undefined ? [] : [connection]),
  ]);
  const webhooks = webhookRoutes({ channel: name, webhooks: channel.webhooks ?? [], inbox, publicUrl, logger });
  return {
    ...service,
    async http(app) {
      await app.register(webhooks);
      if (channel.http !== undefined) await app.register(channel.http);
    },
  };
}

/** Says at each start what the channel can carry, as soon as the log takes it. The gateway does not wait for that. */
function declareChannel(
  { name, capabilities }: Channel,
  {
    eventLog,
    clock,
    logger,
    source,
  }: Pick<GatewayDependencies, 'eventLog' | 'clock' | 'logger'> & { readonly source: string },
): Service {
  let again: Disposable | undefined;
  let stopped = false;
  const declare = async (tries: number): Promise<void> => {
    try {
      const declaration = { channel: name, capabilities, time: new Date(clock.now()) };
      await eventLog.append([encodeEvent(topics.channels, declaration, source)]);
    } catch (error) {
      logger.warn({ err: error, channel: name }, 'the channel is not declared yet');
      if (!stopped) again = clock.setTimer(backOffMs(tries, { maxMs: 60_000 }), () => void declare(tries + 1));
    }
  };
  return {
    async start() {
      void declare(0);
    },
    async stop() {
      stopped = true;
      again?.[Symbol.dispose]();
    },
    problems: () => [],
  };
}
