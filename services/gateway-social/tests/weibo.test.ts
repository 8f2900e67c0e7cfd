import { buffer } from 'node:stream/consumers';
import { MessageKind, OutboundPurpose, Verification, Visibility } from '@tributary/contracts';
import type { Document } from '@tributary/docstore';
import {
  AccountUnavailableError,
  PermanentSendError,
  RetryLaterError,
  UncertainSendError,
} from '@tributary/gateway-kit';
import { until } from '@tributary/testing';
import { startWeiboSimulator, type WeiboSimulatorOptions } from '@tributary/testing/simulators/weibo';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createWeiboChannel } from '../src/weibo/channel.ts';
import { accountAt, appSecret, us } from './weibo-subject.ts';
import { answerTo, openWorld } from './world.ts';

const mei = { uid: '2489518277', name: '梅' };
const { VISIBILITY_PUBLIC: isPublic, VISIBILITY_PRIVATE: isPrivate } = Visibility;

interface FeedRow extends Document {
  readonly dueAtMs: number;
  readonly leaseUntilMs?: number;
}

async function weiboWorld(options: Partial<WeiboSimulatorOptions> = {}) {
  const world = await openWorld();
  let address = '';
  const weibo = await startWeiboSimulator({
    ...{ account: 'brand', us, appSecret, accessToken: 'token-of-brand', allowance: 10_000 },
    now: () => world.clock.now(),
    gateway: () => address,
    ...options,
  });
  onTestFinished(() => weibo[Symbol.asyncDispose]());
  const channel = (more: object = {}) => createWeiboChannel([accountAt(weibo.url, more)], world.dependencies);
  return {
    ...world,
    weibo,
    channel,
    async open(more: object = {}) {
      address = (await world.run(() => channel(more))).url;
    },
  };
}

describe('what people write', () => {
  test('a mention is a public post, a comment is under its parent, and both are by whom Weibo names', async () => {
    const { weibo, open, messages } = await weiboWorld();
    await open();
    const ours = weibo.postOurs('Our new lamp');
    const mention = weibo.post(mei, `@${us.name} the lamp burns`);
    const comment = weibo.comment(mei, ours.id, 'Mine as well');
    const [first, second] = [...(await messages(2))].sort((a, b) => a.kind - b.kind);
    expect(first).toMatchObject({
      providerMessageId: `status:${mention.id}`,
      kind: MessageKind.MESSAGE_KIND_POST,
      visibility: isPublic,
      sender: { kind: 'weibo', address: mei.uid, displayName: '梅', verification: Verification.VERIFICATION_CHANNEL },
      conversationKey: `weibo:brand:status:${mention.id}:${mei.uid}`,
    });
    expect(second).toMatchObject({
      providerMessageId: `comment:${ours.id}:${comment.id}`,
      parentProviderMessageId: `status:${ours.id}`,
      kind: MessageKind.MESSAGE_KIND_COMMENT,
      visibility: isPublic,
      text: 'Mine as well',
    });
    expect(second?.providerTime?.getTime()).toBeLessThanOrEqual(comment.atMs);
  });

  test('a post’s pictures are kept in full size; what lies elsewhere is noted', async () => {
    const { weibo, open, messages, dependencies } = await weiboWorld();
    await open();
    const bytes = Buffer.from('a burning lamp');
    weibo.post(mei, `@${us.name} look`, [{ mediaType: 'image/jpeg', bytes }]);
    const blob = (await messages(1))[0]?.attachments[0]?.blob;
    expect(blob).toMatchObject({ mediaType: 'image/jpeg', size: BigInt(bytes.length) });
    const kept = await dependencies.blobStore.get(blob?.key ?? '');
    expect(kept && (await buffer(kept))).toEqual(bytes);

    const strict = await weiboWorld();
    await strict.open({ pictureHosts: ['*.sinaimg.cn'] });
    strict.weibo.post(mei, `@${us.name} look`, [{ mediaType: 'image/jpeg', bytes }]);
    expect((await strict.messages(1))[0]?.refusals).toMatchObject([{ reason: expect.stringContaining('127.0.0.1') }]);
  });

  test('a comment that is under our post and mentions us as well is one message; our own are none', async () => {
    const { weibo, open, messages, inbound } = await weiboWorld();
    await open();
    const ours = weibo.postOurs(`@${us.name} is us`);
    weibo.comment(mei, ours.id, `@${us.name} help`);
    await messages(1);
    weibo.comment(mei, ours.id, 'the one after it');
    await messages(2);
    expect(inbound.map(({ text }) => text)).toEqual([`@${us.name} help`, 'the one after it']);
  });

  test('more than two pages of them come whole and in order', async () => {
    const { weibo, open, messages } = await weiboWorld();
    await open();
    const ours = weibo.postOurs('Our new lamp');
    for (let i = 0; i < 450; i++) weibo.comment(mei, ours.id, `number ${i}`);
    const texts = (await messages(450)).map(({ text }) => text);
    expect(texts).toEqual(Array.from({ length: 450 }, (_, i) => `number ${i}`));
  });

  test('what a crash left in the log without moving the place on is found again as the same messages', async () => {
    const { weibo, open, messages, inbound, dependencies, clock } = await weiboWorld();
    await open();
    for (const text of ['one', 'two']) weibo.post(mei, `@${us.name} ${text}`);
    await messages(2);
    const rows = await dependencies.docStore.collection<{ _id: string; mark: { sinceId: string } }>('weibo_feeds');
    await rows.updateOne({ _id: 'brand statuses/mentions' }, { $set: { 'mark.sinceId': '0' } });
    await clock.advance(10_000);
    weibo.post(mei, `@${us.name} three`);
    await messages(3);
    expect(inbound.map(({ text }) => text.split(' ')[1]).sort()).toEqual(['one', 'three', 'two']);
  });

  test('what is older than a day when the account is new is not brought up again', async () => {
    const { weibo, open, messages, clock } = await weiboWorld();
    weibo.post(mei, `@${us.name} long ago`);
    await clock.advance(25 * 3_600_000);
    weibo.post(mei, `@${us.name} lately`);
    await open();
    expect((await messages(1)).map(({ text }) => text)).toEqual([`@${us.name} lately`]);
  });

  test('two replicas together look as often as one', async () => {
    const { weibo, open, clock, dependencies } = await weiboWorld();
    await open();
    await open();
    const feeds = await dependencies.docStore.collection<FeedRow>('weibo_feeds');
    // The time goes on only when every look has ended: one that is under way would move the next ones.
    const atRest = () =>
      until('every feed to be looked at', async () => {
        const rows = await feeds.find({});
        return rows.every(({ dueAtMs, leaseUntilMs }) => dueAtMs > clock.now() && leaseUntilMs === undefined);
      });
    await atRest();
    const before = weibo.counted;
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await clock.advance(5000);
      await atRest();
    }
    // Three feeds, every five seconds; a feed that brings nothing is one call.
    expect(weibo.counted - before).toBe(3 * 12);
  });

  test('a second start goes on where the first stood', async () => {
    const { weibo, open, messages, clock, inbound } = await weiboWorld();
    await open();
    weibo.post(mei, `@${us.name} one`);
    await messages(1);
    const { [0]: first } = inbound;
    await clock.advance(48 * 3_600_000);
    await open();
    weibo.post(mei, `@${us.name} two`);
    expect(await messages(2)).toMatchObject([{ id: first?.id }, { text: `@${us.name} two` }]);
  });

  test('a used-up allowance is waited out until Weibo’s hour is over, and nothing is lost', async () => {
    const { weibo, open, messages, clock } = await weiboWorld({ allowance: 30 });
    await open();
    await until('the allowance to be used up', async () => {
      await clock.advance(5000);
      return weibo.counted === 30;
    });
    weibo.post(mei, `@${us.name} still here`);
    await clock.advance(3_600_000);
    expect((await messages(1))[0]?.text).toContain('still here');
  });
});

describe('private messages', () => {
  test('the address is confirmed as the console asks', async () => {
    const { weibo, open } = await weiboWorld();
    await open();
    expect(await weibo.confirmAddress()).toBe(true);
  });

  test('a text is private and its answer within 5 s is empty', async () => {
    const { weibo, open, messages } = await weiboWorld();
    await open();
    expect(await weibo.write({ from: mei, text: '灯着火了' })).toBe(200);
    const [message] = await messages(1);
    expect(message).toMatchObject({
      text: '灯着火了',
      visibility: isPrivate,
      kind: MessageKind.MESSAGE_KIND_MESSAGE,
      conversationKey: `weibo:brand:private:${mei.uid}`,
    });
  });

  test('two different lines within one second are two, the same line again is one', async () => {
    const { weibo, open, messages, inbound } = await weiboWorld();
    await open();
    for (const text of ['one', 'two', 'one']) await weibo.write({ from: mei, text });
    await messages(2);
    expect(inbound.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('a picture is kept', async () => {
    const { weibo, open, messages, dependencies } = await weiboWorld();
    await open();
    const bytes = Buffer.from('not really a picture');
    await weibo.write({ from: mei, text: '', picture: { mediaType: 'image/jpeg', bytes } });
    const [message] = await messages(1);
    const blob = message?.attachments[0]?.blob;
    expect(blob?.mediaType).toBe('image/jpeg');
    const kept = await dependencies.blobStore.get(blob?.key ?? '');
    expect(kept && (await buffer(kept))).toEqual(bytes);
  });

  test('the signature of the documentation’s own example is the one we compute', async () => {
    const { verifyPush } = await import('../src/weibo/private-messages.ts');
    const query = new URLSearchParams(
      'nonce=57155157&timestamp=1397022061823&signature=90e4c22c90a58f26526c2dd5b6c56c8822edeaa1',
    );
    const request = { method: 'GET', url: '', parameters: {}, headers: {}, body: Buffer.alloc(0), query };
    const account = accountAt('http://127.0.0.1:1', { appSecret: 'xyz123xyz' });
    expect(() => verifyPush(account, request, 1_397_022_061_823)).not.toThrow();
    expect(() => verifyPush(account, request, 1_397_022_061_823 + 6 * 60_000)).toThrow('timestamp');
    query.set('nonce', '57155158');
    expect(() => verifyPush(account, request, 1_397_022_061_823)).toThrow('signature');
  });
});

describe('answers', () => {
  test('in public stand under the post or the comment, in private go to the person', async () => {
    const { weibo, open, messages, channel } = await weiboWorld();
    await open();
    const ours = weibo.postOurs('Our new lamp');
    weibo.post(mei, `@${us.name} the lamp burns`);
    const [mention] = await messages(1);
    weibo.comment(mei, ours.id, 'Mine as well');
    const comment = (await messages(2))[1];
    if (mention === undefined || comment === undefined) throw new Error('no messages');
    const sent = await channel().send(answerTo(mention));
    await channel().send(answerTo(comment, { text: 'We are sorry.' }));
    await channel().send(
      answerTo(comment, { text: 'Your address?', visibility: isPrivate, parentProviderMessageId: '' }),
    );
    expect(weibo.comments.map(({ text, post, answers }) => [text, `status:${post.id}`, answers?.text])).toEqual([
      ['Unplug it at once.', mention.providerMessageId, undefined],
      ['回复@梅:We are sorry.', `status:${ours.id}`, 'Mine as well'],
    ]);
    expect(sent.providerMessageId).toMatch(/^comment:\d+:\d+$/);
    expect(weibo.privateAnswers).toEqual([{ uid: mei.uid, text: 'Your address?' }]);
  });

  test('the same invitation under two posts is not refused as repeated, for it names whom it is for', async () => {
    const { weibo, open, messages, channel } = await weiboWorld();
    await open();
    for (const user of [mei, { uid: '77', name: 'Bo' }]) weibo.post(user, `@${us.name} it burns`);
    for (const mention of await messages(2)) {
      await channel().send(answerTo(mention, { purpose: OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT }));
    }
    // Two conversations have no order between them.
    const texts = weibo.comments.map(({ text }) => text).sort();
    expect(texts).toEqual(['@Bo Unplug it at once.', '@梅 Unplug it at once.']);
  });

  async function refused(
    prepare: (weibo: Awaited<ReturnType<typeof weiboWorld>>['weibo']) => void,
    fields: object = {},
  ) {
    const { weibo, open, messages, channel } = await weiboWorld();
    await open();
    weibo.post(mei, `@${us.name} the lamp burns`);
    const [mention] = await messages(1);
    if (mention === undefined) throw new Error('no message');
    await channel().send(answerTo(mention, { text: 'before' }));
    prepare(weibo);
    return channel()
      .send(answerTo(mention, fields))
      .catch((error: unknown) => error);
  }

  test('out of rate limit (10023): again when Weibo says the hour is over', async () => {
    const error = await refused((weibo) => weibo.behave('busy'));
    expect(error).toBeInstanceOf(RetryLaterError);
    expect(error).toMatchObject({ afterMs: 3000, scope: 'account' });
  });

  test('an expired token (21332) is the account’s fault, and its messages wait', async () => {
    expect(await refused((weibo) => weibo.behave('expired'))).toBeInstanceOf(AccountUnavailableError);
  });

  test.each([
    ['a target that is gone (20101)', { parentProviderMessageId: 'status:1' }, '20101', /does not exist/],
    ['repeated content (20019)', { text: 'before' }, '20019', /repeat content/],
  ])('%s is permanent, with the reason', async (_name, fields, code, reason) => {
    const error = await refused(() => {}, fields);
    expect(error).toBeInstanceOf(PermanentSendError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(reason) });
  });

  test('a 503 is a passing fault', async () => {
    const error = await refused((weibo) => weibo.behave('down'));
    expect(error).not.toBeInstanceOf(UncertainSendError);
    expect(error).not.toBeInstanceOf(PermanentSendError);
    expect(error).toBeInstanceOf(Error);
  });

  test('a connection that breaks after the call was written leaves it uncertain; one that was never made does not', async () => {
    const { weibo, open, messages, channel } = await weiboWorld();
    await open();
    weibo.post(mei, `@${us.name} the lamp burns`);
    const [mention] = await messages(1);
    if (mention === undefined) throw new Error('no message');
    weibo.behave('silent');
    const pending = channel()
      .send(answerTo(mention))
      .catch((error: unknown) => error);
    await until('Weibo to have it', () => weibo.comments.length === 1);
    await weibo[Symbol.asyncDispose]();
    expect(await pending).toBeInstanceOf(UncertainSendError);
    const unsent = await channel()
      .send(answerTo(mention))
      .catch((error: unknown) => error);
    expect(unsent).not.toBeInstanceOf(UncertainSendError);
  });
});
