import type { OutboundMessage } from '@tributary/contracts';
import {
  type Channel,
  type ChannelDependencies,
  type Inbox,
  PermanentSendError,
  type Receipt,
  type Webhook,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import type { TwilioAccount } from '../twilio/account.ts';
import { createRestClients } from '../twilio/rest-clients.ts';
import { reasonOf, sendErrorOf } from '../twilio/send-error.ts';
import { formOf, verifyTwilio } from '../twilio/signature.ts';
import { type CatchUp, createCatchUp } from './catch-up.ts';
import { numberIn, toInboundMessage } from './inbound.ts';
import { createMediaLinks } from './media-links.ts';
import type { Medium } from './medium.ts';

/** Twilio tries reports again only where the address says so. */
const comeAgain = '#rc=5&rp=all';
/** Says that there is nothing to answer; plain text would be sent to the customer. */
const noAnswer = { contentType: 'text/xml; charset=utf-8', body: '<Response/>' };
const statusOf: Readonly<Record<string, Receipt['status']>> = {
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
};

/** Text messages or WhatsApp, over all numbers that have it. A number is an account of the channel. */
export function createMessagingChannel(
  medium: Medium,
  accounts: readonly TwilioAccount[],
  dependencies: ChannelDependencies,
): Channel {
  const { blobStore, docStore, clock, logger, publicUrl } = dependencies;
  const { channel, prefix } = medium;
  const address = `${publicUrl}/channels/${channel}`;
  const ourNumbers = new Map(
    accounts.flatMap((account) => account.numbers.map((settings) => [settings.number, { account, settings }] as const)),
  );
  const restClient = createRestClients();
  const mediaLinks = createMediaLinks({
    address: `${address}/media`,
    secrets: accounts.map(({ authToken }) => authToken),
    blobStore,
    clock,
  });
  let catchUp: CatchUp | undefined;
  const verify = (request: WebhookRequest) => verifyTwilio(request, accounts);

  async function send({ id, account, recipients, text, attachments }: OutboundMessage) {
    const ours = ourNumbers.get(account);
    if (ours === undefined) throw new PermanentSendError(`${account} is not one of our numbers`);
    const client = await restClient(ours.account);
    try {
      const { sid } = await client.messages.create({
        from: prefix + account,
        to: prefix + (recipients[0]?.address ?? ''),
        body: text,
        ...(attachments.length > 0 && { mediaUrl: attachments.map(mediaLinks.linkTo) }),
        // Without an address of ours nobody could report.
        ...(publicUrl !== '' && { statusCallback: `${address}/reports/${encodeURIComponent(id)}${comeAgain}` }),
      });
      return { providerMessageId: sid };
    } catch (error) {
      throw sendErrorOf(error);
    }
  }

  async function accept(form: Readonly<Record<string, string>>, account: TwilioAccount, inbox: Inbox) {
    await inbox.accept(await toInboundMessage(form, medium, account, { blobStore, nowMs: clock.now() }));
  }

  const messages: Webhook = {
    method: 'POST',
    path: '/messages',
    verify,
    async receive(request, inbox) {
      const form = formOf(request);
      if (!form['MessageSid'] || !form['From']) return noAnswer;
      const ours = ourNumbers.get(numberIn(form['To'], medium));
      if (ours === undefined) throw new WebhookRefusal(404, `To must be a number of TWILIO_ACCOUNTS with ${channel}`);
      await accept(form, ours.account, inbox);
      catchUp?.brought(form['MessageSid']);
      return noAnswer;
    },
  };

  const reports: Webhook = {
    method: 'POST',
    path: '/reports/:outboundMessageId',
    verify,
    receive: (request, inbox) => report(request, medium, inbox),
  };

  return {
    name: channel,
    capabilities: medium.capabilities,
    rate(number) {
      const perSecond = ourNumbers.get(number)?.settings.messagesPerSecond ?? medium.messagesPerSecond;
      return { perMinute: perSecond * 60, burst: Math.max(1, Math.floor(perSecond)) };
    },
    send,
    webhooks: [messages, reports, mediaLinks.webhook],
    async connect(inbox) {
      catchUp = await createCatchUp({
        ...{ medium, accounts, restClient, docStore, clock, logger },
        accept: (form, account) => accept(form, account, inbox),
      });
      return catchUp;
    },
  };
}

/** What became of a message (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status). */
async function report(request: WebhookRequest, medium: Medium, inbox: Inbox) {
  const { MessageStatus = '', ErrorCode = '', ErrorMessage = '', To } = formOf(request);
  const status = statusOf[MessageStatus];
  if (status !== undefined) {
    await inbox.report(request.parameters['outboundMessageId'] ?? '', {
      status,
      recipient: numberIn(To, medium),
      ...(status === 'failed' && { reason: reasonOf(ErrorCode, ErrorMessage), providerCode: ErrorCode }),
    });
  }
  return noAnswer;
}
