// A complete channel: Pigeon Post, a made-up messenger whose provider calls us with signed JSON and takes answers by HTTP.
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  InboundMessage,
  inboundMessageId,
  MessageKind,
  type OutboundMessage,
  Verification,
} from '@tributary/contracts';
import {
  AccountUnavailableError,
  type Channel,
  capabilities,
  type Inbox,
  jsonBody,
  PermanentSendError,
  RetryLaterError,
  refuseReplay,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import { z } from 'zod';

/** One of our accounts at the provider. */
export interface PigeonAccount {
  readonly name: string;
  readonly apiUrl: string;
  /** Signs what the provider sends us, and is our password there. */
  readonly secret: string;
}

/** What the provider sends. Other types than "message" may come and are passed over. */
const event = z.object({
  id: z.string().min(1),
  type: z.string(),
  from: z.object({ id: z.string().min(1), name: z.string().default('') }),
  text: z.string(),
});

/** Its name, what it can carry, how it sends, and what calls it takes: all a channel is. */
export function createPigeonChannel(accounts: readonly PigeonAccount[], { clock }: { readonly clock: Clock }): Channel {
  const byName = new Map(accounts.map((account) => [account.name, account]));
  return {
    name: 'pigeon',
    // A pigeon carries short letters and no parcels; a longer one goes on several pigeons.
    capabilities: capabilities({ maxTextLength: 160, splitsText: true, deliveryMarks: true }),
    // It drops a letter whose key it has seen.
    idempotent: true,
    rate: { perMinute: 600, burst: 10 },
    async send(message) {
      const account = byName.get(message.account);
      if (account === undefined) throw new PermanentSendError(`there is no pigeon account ${message.account}`);
      return { providerMessageId: await post(account, message) };
    },
    webhooks: [
      {
        method: 'POST',
        path: '/:account',
        verify: (request) => verify(accountOf(request, byName), request, clock.now()),
        receive: (request, inbox) => receive(accountOf(request, byName), request, inbox, clock.now()),
      },
    ],
  };
}

function accountOf({ parameters }: WebhookRequest, byName: ReadonlyMap<string, PigeonAccount>): PigeonAccount {
  const account = byName.get(parameters['account'] ?? '');
  if (account === undefined) throw new WebhookRefusal(404, 'there is no such account');
  return account;
}

/** The signature covers the time and the exact bytes. */
function verify({ secret }: PigeonAccount, { headers, body }: WebhookRequest, nowMs: number): void {
  const seconds = `${headers['pigeon-timestamp']}`;
  const expected = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
  const given = Buffer.from(`${headers['pigeon-signature']}`, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new WebhookRefusal(401, 'pigeon-signature does not match');
  }
  refuseReplay(Number(seconds) * 1000, nowMs);
}

/** Turns the event into a message and puts it into the log. Only then is the provider answered. */
async function receive({ name }: PigeonAccount, request: WebhookRequest, inbox: Inbox, nowMs: number) {
  const parsed = event.safeParse(jsonBody(request));
  // Another kind of event: answered as success, or it would come for ever.
  if (!parsed.success || parsed.data.type !== 'message') return {};
  const { id, from, text } = parsed.data;
  await inbox.accept(
    InboundMessage.fromPartial({
      // The same event always gets the same id, so the core drops repeats.
      id: inboundMessageId('pigeon', name, id),
      channel: 'pigeon',
      account: name,
      providerMessageId: id,
      conversationKey: `pigeon:${name}:${from.id}`,
      sender: {
        kind: 'pigeon',
        address: from.id,
        displayName: from.name,
        verification: Verification.VERIFICATION_CHANNEL,
      },
      text,
      kind: MessageKind.MESSAGE_KIND_MESSAGE,
      receivedTime: new Date(nowMs),
    }),
  );
  return {};
}

/** @returns the provider's id. Its errors are told apart, for each of them is handled differently. */
async function post({ apiUrl, secret }: PigeonAccount, message: OutboundMessage): Promise<string> {
  const response = await fetch(`${apiUrl}/letters`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key: message.id, to: message.recipients[0]?.address, text: message.text }),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json()) as { id?: string; error?: string };
  if (response.ok) return answer.id ?? '';
  const reason = answer.error ?? `answered ${response.status}`;
  if (response.status === 429) throw new RetryLaterError(reason, Number(response.headers.get('retry-after')) * 1000);
  if (response.status === 401) throw new AccountUnavailableError(reason);
  if (response.status < 500) throw new PermanentSendError(reason, String(response.status));
  throw new Error(reason);
}
