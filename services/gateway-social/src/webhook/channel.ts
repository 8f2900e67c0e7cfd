import { Visibility } from '@tributary/contracts';
import {
  type Channel,
  type ChannelDependencies,
  capabilities,
  PermanentSendError,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { type WebhookAccount, webhookAccount } from './account.ts';
import { openApiPage } from './openapi.ts';
import { createPoster } from './post.ts';
import { receiveDocument } from './receive.ts';
import { sendReply } from './send.ts';
import { verifySignature } from './standard-webhooks.ts';

const maxBodyBytes = 15 * 1024 * 1024;
const megabyte = 1024n * 1024n;

export const webhookChannel = channelKind<WebhookAccount>({
  channel: 'webhook',
  account: webhookAccount,
  create: createWebhookChannel,
});

/** Any platform, joined by documents that both sides sign. */
export function createWebhookChannel(accounts: readonly WebhookAccount[], dependencies: ChannelDependencies): Channel {
  const { blobStore, clock, publicUrl } = dependencies;
  const byName = new Map(accounts.map((account) => [account.name, account]));
  /** Accounts whose platform said 410: "disable the endpoint and stop sending" (Standard Webhooks). */
  const gone = new Set<string>();
  const posters = { open: createPoster({ allowPrivate: true }), guarded: createPoster({ allowPrivate: false }) };

  function accountOf({ parameters }: WebhookRequest): WebhookAccount {
    const account = byName.get(parameters['account'] ?? '');
    if (account === undefined) throw new WebhookRefusal(404, 'there is no such account');
    return account;
  }

  return {
    name: 'webhook',
    capabilities: capabilities({
      media: [{ mediaType: '*/*', maxBytes: 5n * megabyte }],
      maxAttachments: 5,
      replyVisibilities: [Visibility.VISIBILITY_PRIVATE, Visibility.VISIBILITY_PUBLIC],
      deliveryMarks: true,
      readMarks: true,
    }),
    // The webhook-id is the receiver's idempotency key.
    idempotent: true,
    async send(message) {
      const account = byName.get(message.account);
      if (account === undefined) throw new PermanentSendError(`there is no webhook account ${message.account}`);
      if (gone.has(account.name)) {
        throw new PermanentSendError(`the platform of ${account.name} takes no replies any more`, '410');
      }
      const poster = account.allowPrivateAddress ? posters.open : posters.guarded;
      try {
        return await sendReply(account, message, { poster, blobStore, nowMs: clock.now() });
      } catch (error) {
        if (error instanceof PermanentSendError && error.code === '410') gone.add(account.name);
        throw error;
      }
    },
    webhooks: [
      {
        method: 'GET',
        path: '/openapi.json',
        verify: () => {},
        receive: async () => ({ contentType: 'application/json', body: JSON.stringify(openApiPage(publicUrl)) }),
      },
      {
        method: 'POST',
        path: '/:account',
        maxBodyBytes,
        verify(request) {
          verifySignature(request.headers, request.body, accountOf(request).verifyWith, clock.now());
        },
        async receive(request, inbox) {
          const webhookId = String(request.headers['webhook-id']);
          await receiveDocument(accountOf(request), request, webhookId, { inbox, blobStore, nowMs: clock.now() });
          return {};
        },
      },
    ],
    connect: () => ({
      async start() {},
      async stop() {
        for (const poster of Object.values(posters)) poster.close();
      },
      problems: () => [],
      providerProblems: () =>
        [...gone].map((name) => `the platform of webhook account ${name} takes no replies any more (410)`),
    }),
  };
}
