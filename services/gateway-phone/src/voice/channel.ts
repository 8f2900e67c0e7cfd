import { MessageKind, type OutboundMessage } from '@tributary/contracts';
import { createDueWorker } from '@tributary/docstore';
import { consumerService } from '@tributary/eventlog';
import {
  type Channel,
  capabilities,
  type Inbox,
  keepFile,
  PermanentSendError,
  type SentMessage,
} from '@tributary/gateway-kit';
import { composeServices } from '@tributary/runtime';
import type { CallDependencies, ChannelKind } from '../channel-kind.ts';
import { sms } from '../messaging/medium.ts';
import type { TwilioAccount } from '../twilio/account.ts';
import { createRestClients } from '../twilio/rest-clients.ts';
import { sendErrorOf } from '../twilio/send-error.ts';
import { formOf, verifyTwilio } from '../twilio/signature.ts';
import { openCallers, openCalls, openOutboundCalls, openWaits } from './adapters/docstore-calls.ts';
import { twilioTelephony } from './adapters/twilio-telephony.ts';
import { toXml } from './adapters/twiml-xml.ts';
import { readVoicePolicy } from './adapters/voice-policy-file.ts';
import { consumeOffers } from './entrypoints/offer-consumer.ts';
import { voiceWebhooks } from './entrypoints/voice-webhooks.ts';
import { advanceCall } from './usecases/advance-call.ts';
import { placeCall } from './usecases/call-customer.ts';
import { followOffer } from './usecases/offer-call.ts';
import type { VoiceDependencies } from './usecases/voice-dependencies.ts';

/** A two-hour call as MP3. */
const maxRecordingBytes = 100 * 1024 * 1024;
const leaseMs = 60_000;

/** Telephone calls, by Twilio Voice. */
export const voice: ChannelKind = {
  channel: 'phone',
  create: createVoiceChannel,
};

async function createVoiceChannel(
  accounts: readonly TwilioAccount[],
  dependencies: CallDependencies,
): Promise<Channel> {
  const { blobStore, docStore, eventLog, clock, logger, publicUrl, agents, voicePolicyPath } = dependencies;
  const now = () => clock.now();
  const policy = readVoicePolicy(voicePolicyPath);
  // "#…" asks Twilio to try again when we do not answer, or cannot just now; it is not part of what is signed
  // (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
  const address = (path: string) => `${publicUrl}/channels/phone/voice${path}#rc=3&rp=all`;
  const accountOf = (number: string): TwilioAccount => {
    const account = accounts.find(({ numbers }) => numbers.some((own) => own.number === number)) ?? accounts[0];
    if (account === undefined) throw new Error('a channel has at least one account');
    return account;
  };
  const [{ calls, documents }, outboundCalls, callers, waits] = await Promise.all([
    openCalls(docStore),
    openOutboundCalls(docStore),
    openCallers(docStore),
    openWaits(docStore, now),
  ]);
  const restClient = createRestClients();
  const shared: Omit<VoiceDependencies, 'inbox'> = {
    ...{ policy, calls, outboundCalls, callers, waits, agents, now },
    telephony: twilioTelephony((number) => restClient(accountOf(number)), address),
    keepRecording: (number, url) => keepRecording(accountOf(number), url),
    nudge: () => due.nudge(),
  };
  const due = createDueWorker({
    ...{ collection: documents, clock, leaseMs, logger },
    async handle({ _id }) {
      if (connected !== undefined) await advanceCall(_id, { type: 'due' }, connected);
    },
  });
  const using = (inbox: Inbox): VoiceDependencies => ({ ...shared, inbox });
  let connected: VoiceDependencies | undefined;

  function keepRecording({ accountSid, authToken, apiUrl }: TwilioAccount, url: string) {
    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    return keepFile(
      { url: `${url}.mp3`, headers: { authorization }, name: 'recording.mp3', mediaType: 'audio/mpeg' },
      {
        blobStore,
        hosts: apiUrl === undefined ? ['api.twilio.com', '*.twilio.com'] : [new URL(apiUrl).host],
        maxBytes: maxRecordingBytes,
      },
    );
  }

  /** From the number that was called, when it has text messages. */
  async function sendText({ account, recipients, text }: OutboundMessage): Promise<SentMessage> {
    const to = recipients[0]?.address ?? '';
    const number = accounts.flatMap(({ numbers }) => numbers).find((own) => own.number === account);
    if (!number?.channels.includes('sms')) {
      throw new PermanentSendError(`${account} has no text messages: call the customer instead`);
    }
    if (to === '') throw new PermanentSendError('the caller withheld their number');
    try {
      const client = await restClient(accountOf(account));
      return { providerMessageId: (await client.messages.create({ from: account, to, body: text })).sid };
    } catch (error) {
      throw sendErrorOf(error);
    }
  }

  return {
    name: 'phone',
    // A written answer to a caller goes as a text message; of that, without files.
    capabilities: capabilities({ ...sms.capabilities, media: [], deliveryMarks: false, calls: true }),
    webhooks: voiceWebhooks({
      verify: (request) => verifyTwilio(request, accounts),
      form: formOf,
      toXml: (verbs) => toXml(verbs, address),
      dependencies: using,
    }),
    async send(message) {
      if (message.kind !== MessageKind.MESSAGE_KIND_CALL) return sendText(message);
      if (connected === undefined) throw new Error('the channel is not connected yet');
      const isOurs = accounts.some(({ numbers }) => numbers.some(({ number }) => number === message.account));
      const account = isOurs ? message.account : (accounts[0]?.numbers[0]?.number ?? '');
      return placeCall(message, account, connected);
    },
    connect(inbox) {
      const all = using(inbox);
      connected = all;
      return composeServices([
        due,
        consumerService(() => eventLog.consume(consumeOffers((offer) => followOffer(offer, all)))),
      ]);
    },
  };
}
