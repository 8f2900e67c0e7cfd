import type { TelegramState } from './state.ts';

/** Telegram waits longer and longer and gives up after a day; here it stays at a second. */
const retryMs = 1000;

/** Brings updates to the webhook, one after the other, each until it is taken. */
export function createWebhookCalls(state: TelegramState) {
  let running = false;
  let stopped = false;

  async function run(): Promise<void> {
    for (;;) {
      const { webhook } = state;
      const [update] = state.unconfirmed;
      if (stopped || webhook === undefined || update === undefined) return;
      const taken = await fetch(webhook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': webhook.secretToken },
        body: JSON.stringify(update),
      }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.ok;
        },
        () => false,
      );
      if (taken) state.pending(update.update_id + 1);
      else await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
    }
  }

  return {
    pump(): void {
      if (running || state.webhook === undefined) return;
      running = true;
      void run().finally(() => {
        running = false;
      });
    },
    stop(): void {
      stopped = true;
    },
  };
}
