import { createHash, timingSafeEqual } from 'node:crypto';
import { jsonBody, type Webhook, WebhookRefusal, type WebhookRequest } from '@tributary/gateway-kit';
import type { TelegramBot } from './bot.ts';

/** Where Telegram brings updates of bots in webhook mode (core.telegram.org/bots/api#setwebhook). */
export function botWebhook(find: (request: WebhookRequest) => TelegramBot | undefined): Webhook {
  function botOf(request: WebhookRequest) {
    const bot = find(request);
    if (bot?.account.mode !== 'webhook') throw new WebhookRefusal(404, 'there is no bot with a webhook of this name');
    return { bot, secretToken: bot.account.secretToken };
  }
  return {
    method: 'POST',
    path: '/:account',
    /** The token stands for Telegram as a whole: it covers neither the body nor a time. */
    verify(request) {
      const { secretToken } = botOf(request);
      const given = request.headers['x-telegram-bot-api-secret-token'];
      if (typeof given !== 'string' || !isSame(given, secretToken)) {
        throw new WebhookRefusal(401, 'x-telegram-bot-api-secret-token does not match');
      }
    },
    async receive(request, inbox) {
      const [callbackQueryId] = await botOf(request).bot.take([jsonBody(request)], inbox);
      if (callbackQueryId === undefined) return {};
      // A call may be made in the answer (core.telegram.org/bots/api#making-requests-when-getting-updates).
      const body = JSON.stringify({ method: 'answerCallbackQuery', callback_query_id: callbackQueryId });
      return { contentType: 'application/json', body };
    },
  };
}

/** In a time that does not tell how much of it is right, nor its length. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
