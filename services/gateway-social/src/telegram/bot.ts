import type { OutboundMessage } from '@tributary/contracts';
import type { ChannelDependencies, Inbox } from '@tributary/gateway-kit';
import { backOffMs, delay, type Service } from '@tributary/runtime';
import type { Api } from 'node-telegram-bot-api';
import type { SendStep } from '../send-steps.ts';
import type { TelegramAccount } from './account.ts';
import { createFileKeeper } from './keep-files.ts';
import { createPoller } from './poller.ts';
import { openPollerLease } from './poller-lease.ts';
import { type ReadUpdate, readUpdate } from './read-update.ts';
import { createTelegramSender } from './send.ts';
import { telegramUpdate, wantedUpdates } from './update.ts';

/** One of our bots. */
export interface TelegramBot {
  readonly account: TelegramAccount;
  readonly api: Api;
  /** @returns the reference of the sent message. @throws an error of send-errors.ts */
  send(message: OutboundMessage): Promise<string>;
  /** Puts what updates say into the log, in their order. @returns the callback queries that wait for an answer. */
  take(updates: readonly unknown[], inbox: Inbox): Promise<string[]>;
  /** Begins to poll, or tells Telegram where we are. */
  connect(inbox: Inbox): Service;
}

export async function createTelegramBot(
  account: TelegramAccount,
  dependencies: ChannelDependencies & {
    readonly runSteps: (messageId: string, steps: readonly SendStep[]) => Promise<string>;
  },
): Promise<TelegramBot> {
  const { clock, logger, docStore, publicUrl } = dependencies;
  // Loaded only where there is a bot.
  const { Api } = await import('node-telegram-bot-api');
  // Tries again only where the sender or the poller decides it: the library would repeat what may have been accepted.
  const api = new Api(account.token, { apiRoot: account.apiUrl, maxRetries: 0, timeoutMs: 60_000 });
  const id = Number(account.token.split(':')[0]);
  const send = createTelegramSender({ api, ...dependencies });
  const keepFiles = createFileKeeper(account, api, dependencies);
  const lease = await openPollerLease(docStore, id, clock);
  let username: Promise<string> | undefined;

  /** Mentions name the bot by it. Asked once, when the first message comes. */
  function usernameOf(): Promise<string> {
    username ??= api.getMe().then(
      (me) => me.username ?? '',
      (error: unknown) => {
        username = undefined;
        throw error;
      },
    );
    return username;
  }

  async function read(update: unknown): Promise<ReadUpdate | undefined> {
    const parsed = telegramUpdate.safeParse(update);
    if (!parsed.success) {
      const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      logger.warn({ account: account.name, issues }, 'an update is not as the Bot API says and is passed over');
      return undefined;
    }
    return readUpdate(parsed.data, { account: account.name, id, username: await usernameOf() }, clock.now());
  }

  async function take(updates: readonly unknown[], inbox: Inbox): Promise<string[]> {
    const found: ReadUpdate[] = [];
    for (const update of updates) {
      const one = await read(update);
      if (one !== undefined) found.push({ ...one, message: { ...one.message, ...(await keepFiles(one.files)) } });
    }
    await inbox.accept(...found.map(({ message }) => message));
    return found.flatMap(({ callbackQueryId }) => callbackQueryId ?? []);
  }

  /** The button shows a clock until it is answered; the press itself is in the log, so a failure here harms nothing. */
  async function answerPresses(callbackQueryIds: readonly string[]): Promise<void> {
    for (const callback_query_id of callbackQueryIds) {
      await api.answerCallbackQuery({ callback_query_id }).catch((error: unknown) => {
        logger.info({ account: account.name, err: error }, 'a button is not answered');
      });
    }
  }

  /** Tells Telegram our address, until it takes it. */
  function webhookRegistration(secretToken: string): Service {
    const stopping = new AbortController();
    let running = Promise.resolve();
    let fault: string | undefined;
    const run = async () => {
      for (let failures = 0; !stopping.signal.aborted; failures++) {
        try {
          await api.setWebhook({
            url: `${publicUrl}/channels/telegram/${account.name}`,
            secret_token: secretToken,
            allowed_updates: wantedUpdates,
          });
          fault = undefined;
          return;
        } catch (error) {
          fault = `Telegram does not take the webhook of ${account.name}: ${(error as Error).message}`;
          await delay(clock, backOffMs(failures, { baseMs: 1000, maxMs: 60_000 }), stopping.signal);
        }
      }
    };
    return {
      async start() {
        // Without a public address somebody else has told Telegram where we are.
        if (publicUrl !== '') running = run();
      },
      async stop() {
        stopping.abort();
        await running;
      },
      problems: () => [],
      providerProblems: () => (fault === undefined ? [] : [fault]),
    };
  }

  return {
    account,
    api,
    send,
    take,
    connect(inbox) {
      if (account.mode === 'webhook') return webhookRegistration(account.secretToken);
      return createPoller({
        account: account.name,
        api,
        lease,
        clock,
        logger,
        handle: async (updates) => answerPresses(await take(updates, inbox)),
      });
    },
  };
}
