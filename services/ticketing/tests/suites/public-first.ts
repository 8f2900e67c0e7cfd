import {
  InboundMessage,
  inboundMessageId,
  MessageKind,
  TicketType,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { by, Desk, grade, type OpenAdapters } from '../desk.ts';

const { VISIBILITY_PUBLIC: isPublic, VISIBILITY_PRIVATE: isPrivate } = Visibility;

let counter = 0;
const somebody = () => `uid${++counter}`;

/** What a person writes on Weibo, in public unless told otherwise. */
function line(uid: string, fields: Partial<InboundMessage> = {}): InboundMessage {
  const providerMessageId = fields.providerMessageId ?? `status:${++counter}`;
  return InboundMessage.fromPartial({
    id: inboundMessageId('weibo', 'brand', providerMessageId),
    channel: 'weibo',
    account: 'brand',
    providerMessageId,
    conversationKey: `weibo:brand:${providerMessageId}:${uid}`,
    sender: { kind: 'weibo', address: uid, displayName: 'Mei', verification: Verification.VERIFICATION_CHANNEL },
    text: 'Your lamp burns',
    kind: MessageKind.MESSAGE_KIND_POST,
    visibility: isPublic,
    receivedTime: new Date('2026-05-01T08:00:00Z'),
    ...fields,
  });
}

function privateLine(uid: string, fields: Partial<InboundMessage> = {}): InboundMessage {
  return line(uid, {
    providerMessageId: `message:${++counter}`,
    conversationKey: `weibo:brand:private:${uid}`,
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    visibility: isPrivate,
    ...fields,
  });
}

/** A complaint that anyone can read is answered there once, and dealt with where nobody reads it. */
export function describePublicFirst(open: OpenAdapters): void {
  describe('public first', () => {
    const opened = new AsyncDisposableStack();
    let desk: Desk;
    beforeAll(async () => {
      desk = opened.use(await Desk.open(opened.use(await open())));
    });
    afterAll(() => opened.disposeAsync());
    const reply = async (ticketId: string, text: string, visibility: Visibility = Visibility.VISIBILITY_UNSPECIFIED) =>
      desk.tickets.reply({ ticketId, context: by(), text, html: '', attachments: [], visibility });

    test('a public complaint gets one invitation under it, without number or name; further words get none', async () => {
      const complaint = line(somebody());
      const { ticketId, ticketNumber } = await desk.take(complaint);
      await desk.take(line(complaint.sender?.address ?? '', { conversationKey: complaint.conversationKey }));
      await reply(ticketId, 'We are on it.');
      const [invitation, answer, ...more] = await desk.sent(ticketId, 2);
      expect(more).toEqual([]);
      expect(invitation).toMatchObject({
        visibility: isPublic,
        parentProviderMessageId: complaint.providerMessageId,
        conversationKey: complaint.conversationKey,
        purpose: 2,
        subject: '',
      });
      expect(invitation?.text).toContain('write to us privately');
      expect(invitation?.text).not.toContain(ticketNumber);
      expect(invitation?.text).not.toContain('Mei');
      expect(answer).toMatchObject({ text: 'We are on it.', visibility: isPublic });
    });

    test('the invitation is in the language of the complaint', async () => {
      const message = line(somebody(), { text: '你们的灯着火了' });
      const [result] = await desk.ingestGraded({ message, grade: grade({ language: 'zh' }) });
      const [invitation] = await desk.sent(result?.ticketId ?? '', 1);
      expect(invitation?.text).toContain('请私信我们');
    });

    test('what the same person then writes privately is on the same ticket, and goes on there', async () => {
      const uid = somebody();
      const { ticketId } = await desk.take(line(uid));
      expect(await desk.take(privateLine(uid))).toMatchObject({ ticketId, created: false });
      await desk.tickets.resolve({ ticketId, context: by(), solution: 'A new lamp.' });
      // The private conversation is this ticket's now: it comes back as any other would.
      expect(await desk.take(privateLine(uid))).toMatchObject({ ticketId, created: false });
    });

    test('security: a private message of somebody else never gets there, nor one on another account or only claimed', async () => {
      const uid = somebody();
      const { ticketId } = await desk.take(line(uid));
      const sender = { kind: 'weibo', address: uid, displayName: '', verification: Verification.VERIFICATION_CLAIMED };
      const strangers = [
        privateLine(somebody()),
        privateLine(uid, { account: 'other', conversationKey: `weibo:other:private:${uid}` }),
        privateLine(uid, { sender, conversationKey: 'weibo:brand:private:claimed' }),
      ];
      for (const stranger of strangers) expect((await desk.take(stranger)).ticketId).not.toBe(ticketId);
    });

    test('a question or a wish in public is not sent away to write privately', async () => {
      const question = line(somebody(), { text: 'How long does it charge?' });
      const [placed] = await desk.ingestGraded({
        message: question,
        grade: grade({ type: TicketType.TICKET_TYPE_USAGE_QUESTION }),
      });
      const ticketId = placed?.ticketId ?? '';
      await reply(ticketId, 'Four hours.');
      expect(await desk.sent(ticketId, 1)).toMatchObject([{ text: 'Four hours.', visibility: isPublic }]);
    });

    test('a problem that was solved in public is not opened again by a private message about another', async () => {
      const uid = somebody();
      const { ticketId } = await desk.take(line(uid));
      await desk.tickets.resolve({ ticketId, context: by(), solution: 'A new lamp.' });
      expect((await desk.take(privateLine(uid))).ticketId).not.toBe(ticketId);
    });

    test('answers go to the conversation they are meant for: private by default once the customer writes privately, public on request', async () => {
      const uid = somebody();
      const complaint = line(uid);
      const { ticketId } = await desk.take(complaint);
      const inPrivate = privateLine(uid);
      await desk.take(inPrivate);
      await reply(ticketId, 'Your address, please?');
      await reply(ticketId, 'Solved, thank you.', isPublic);
      await reply(ticketId, 'It is on its way.', isPrivate);
      const sent = (await desk.sent(ticketId, 4)).slice(1);
      const [address, solved, parcel] = sent;
      for (const one of [address, parcel]) {
        expect(one).toMatchObject({
          visibility: isPrivate,
          conversationKey: inPrivate.conversationKey,
          parentProviderMessageId: '',
        });
        expect(one?.references.at(-1)).toBe(inPrivate.providerMessageId);
      }
      expect(solved).toMatchObject({
        visibility: isPublic,
        conversationKey: complaint.conversationKey,
        parentProviderMessageId: complaint.providerMessageId,
      });
    });

    test('a public and a private message in one batch find each other as well', async () => {
      const uid = somebody();
      const [first, second] = await desk.ingest(line(uid), privateLine(uid));
      expect(second?.ticketId).toBe(first?.ticketId);
    });

    test('on a channel that is not named, public messages are answered by people only', async () => {
      const complaint = line(somebody(), { channel: 'reviews' });
      const { ticketId } = await desk.take(complaint);
      await reply(ticketId, 'Sorry to hear that.');
      expect((await desk.sent(ticketId, 1)).map(({ text }) => text)).toEqual(['Sorry to hear that.']);
    });
  });
}
