import { MessageKind, Verification, Visibility } from '@tributary/contracts';
import type { Document } from '@tributary/docstore';
import { AccountUnavailableError, PermanentSendError, RetryLaterError } from '@tributary/gateway-kit';
import { until } from '@tributary/testing';
import { startAppStoreSimulator } from '@tributary/testing/simulators/app-store';
import { startGooglePlaySimulator } from '@tributary/testing/simulators/google-play';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAppStoreChannel } from '../src/app-store/channel.ts';
import { readSocialConfig } from '../src/config.ts';
import { createGooglePlayChannel } from '../src/google-play/channel.ts';
import { accountAt as appStoreAccountAt } from './app-store-subject.ts';
import { accountAt as googlePlayAccountAt } from './google-play-subject.ts';
import { answerTo, connectTo, openWorld } from './world.ts';

interface PlaceRow extends Document {
  readonly dueAtMs: number;
  readonly leaseUntilMs?: number;
}

const stores = {
  async 'app-store'() {
    const world = await openWorld();
    const store = await startAppStoreSimulator({ now: () => world.clock.now() });
    const channel = (more: object = {}) => createAppStoreChannel([appStoreAccountAt(store, more)], world.dependencies);
    return { world, store, channel, collection: 'app_store_places' };
  },
  async 'google-play'() {
    const world = await openWorld();
    const store = await startGooglePlaySimulator({ now: () => world.clock.now() });
    const channel = (more: object = {}) =>
      createGooglePlayChannel([googlePlayAccountAt(store, more)], world.dependencies);
    return { world, store, channel, collection: 'google_play_places' };
  },
};

async function openStore(name: keyof typeof stores) {
  const { world, store, channel, collection } = await stores[name]();
  onTestFinished(() => store[Symbol.asyncDispose]());
  const places = await world.dependencies.docStore.collection<PlaceRow>(collection);
  const open = (more: object = {}) => world.run(() => channel(more));
  return {
    ...world,
    store,
    channel,
    open,
    places,
    /** Until no look is under way and none is due: time that goes on in the middle of a look would move the next. */
    atRest: () =>
      until('the place to be looked at', async () => {
        const rows = await places.find({});
        const isAtRest = ({ dueAtMs, leaseUntilMs }: PlaceRow) =>
          dueAtMs > world.clock.now() && leaseUntilMs === undefined;
        return rows.length > 0 && rows.every(isAtRest);
      }),
  };
}

describe.each(['app-store', 'google-play'] as const)('%s', (name) => {
  test('a review is a public post by whom the store names, with its stars, title and text', async () => {
    const { store, open, messages } = await openStore(name);
    await open();
    const review = store.write({ author: 'Mei', stars: 2, title: 'Drains', text: 'My battery is empty by noon' });
    const [message] = await messages(1);
    expect(message).toMatchObject({
      channel: name,
      account: 'scooter',
      conversationKey: `${name}:scooter:${review.id}`,
      sender: {
        kind: name,
        address: review.id,
        displayName: 'Mei',
        verification: Verification.VERIFICATION_CHANNEL,
      },
      subject: '★★☆☆☆ Drains',
      text: 'My battery is empty by noon',
      kind: MessageKind.MESSAGE_KIND_POST,
      visibility: Visibility.VISIBILITY_PUBLIC,
      attributes: { stars: '2' },
      ...(name === 'app-store' ? { regionHint: 'US' } : { languageHint: 'en' }),
    });
    expect(message?.providerTime?.getTime()).toBe(
      name === 'app-store' ? Math.floor(review.atMs / 1000) * 1000 : review.atMs,
    );
  });

  test('an edited review is a further message of the same conversation, an unchanged one is none', async () => {
    const { store, open, messages, inbound, clock, atRest } = await openStore(name);
    await open();
    store.write({ author: 'Mei', stars: 1, text: 'It crashes' });
    store.write({ author: 'Bo', stars: 5, text: 'I like it' });
    await messages(2);
    await atRest();
    await clock.advance(5000);
    store.write({ author: 'Mei', stars: 4, text: 'The update mended it' });
    await messages(3);
    expect(inbound.map(({ text }) => text)).toEqual(['It crashes', 'I like it', 'The update mended it']);
    expect(inbound[2]?.conversationKey).toBe(inbound[0]?.conversationKey);
  });

  test('several pages of them come whole', async () => {
    const { store, open, messages } = await openStore(name);
    for (let i = 0; i < 450; i++) store.write({ author: `number ${i}`, stars: 3, text: `text ${i}` });
    await open();
    const texts = (await messages(450)).map(({ text }) => text);
    // Conversations have no order between them.
    expect(new Set(texts)).toEqual(new Set(Array.from({ length: 450 }, (_, i) => `text ${i}`)));
  });

  test('what is older than a day when the account is new is not brought up again', async () => {
    const { store, open, messages, clock } = await openStore(name);
    store.write({ author: 'Mei', stars: 1, text: 'long ago' });
    await clock.advance(25 * 3_600_000);
    store.write({ author: 'Bo', stars: 1, text: 'lately' });
    await open();
    expect((await messages(1)).map(({ text }) => text)).toEqual(['lately']);
  });

  test('a second start goes on where the first stood, and a mark that a crash left behind finds the same again', async () => {
    const { store, open, messages, inbound, clock, places, atRest } = await openStore(name);
    await open();
    store.write({ author: 'Mei', stars: 1, text: 'one' });
    await messages(1);
    await atRest();
    await places.updateOne({ _id: 'scooter' }, { $set: { 'mark.known': [] } });
    await clock.advance(48 * 3_600_000);
    await open();
    store.write({ author: 'Bo', stars: 1, text: 'two' });
    await messages(2);
    await atRest();
    expect(inbound.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('two replicas together look as often as one', async () => {
    const { store, open, clock, atRest } = await openStore(name);
    await open();
    await open();
    await atRest();
    const before = store.looks;
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await clock.advance(5000);
      await atRest();
    }
    expect(store.looks - before).toBe(12);
  });

  test('a 429 is waited out as the store says, and nothing is lost', async () => {
    const { store, open, messages, clock, atRest } = await openStore(name);
    await open();
    await atRest();
    store.behave('busy');
    store.write({ author: 'Mei', stars: 1, text: 'still here' });
    await clock.advance(5000);
    await atRest();
    const looks = store.looks;
    // Its Retry-After is 7 s.
    await clock.advance(6999);
    expect(store.looks).toBe(looks);
    store.behave('well');
    await clock.advance(1);
    expect((await messages(1))[0]?.text).toBe('still here');
  });

  /** We answer a review after something has happened. @returns what came of it. */
  async function answering(
    happens: (store: Awaited<ReturnType<typeof openStore>>['store'], reviewId: string) => void,
    ...texts: readonly string[]
  ) {
    const { store, open, messages, channel } = await openStore(name);
    await open();
    const review = store.write({ author: 'Mei', stars: 1, text: 'It crashes' });
    const [message] = await messages(1);
    if (message === undefined) throw new Error('no message');
    happens(store, review.id);
    const ours = channel();
    const outcomes: unknown[] = [];
    for (const text of texts) outcomes.push(await ours.send(answerTo(message, { text })).catch((error) => error));
    return { outcomes, store };
  }
  const failure = async (happens: Parameters<typeof answering>[0], text = 'Sorry.') =>
    (await answering(happens, text)).outcomes[0];

  test('an answer stands under its review, the same again changes nothing, another takes its place', async () => {
    const { outcomes, store } = await answering(() => {}, 'Sorry.', 'Sorry.', 'Mended.');
    for (const outcome of outcomes) expect(outcome).toMatchObject({ providerMessageId: expect.stringMatching(/./) });
    expect(store.answers).toEqual(['Sorry.', 'Mended.']);
  });

  test('what the store says to an answer: 429 waits, a refused key is the account’s fault, a review that is gone is final', async () => {
    expect(await failure((store) => store.behave('busy'))).toMatchObject({ name: RetryLaterError.name, afterMs: 7000 });
    expect(await failure((store) => store.behave('forbidden'))).toBeInstanceOf(AccountUnavailableError);
    expect(await failure((store, reviewId) => store.remove(reviewId))).toBeInstanceOf(PermanentSendError);
    expect(await failure(() => {}, 'x'.repeat(6000))).toBeInstanceOf(PermanentSendError);
  });

  test('a refused key is a problem of ours that an operator sees', async () => {
    const { store, channel } = await openStore(name);
    store.behave('forbidden');
    const service = await connectTo(channel(), {});
    await until('the problem', () => service.providerProblems?.().some((problem) => problem.includes('403')));
  });

  test('what was found while the log was away is found again; what the log has is not brought again', async () => {
    const { store, channel, clock, atRest } = await openStore(name);
    const taken: string[] = [];
    let tries = 0;
    store.write({ author: 'Mei', stars: 1, text: 'It crashes' });
    await connectTo(channel(), {
      async accept(...messages) {
        if (messages.length > 0 && ++tries === 1) throw new Error('the log is away');
        taken.push(...messages.map(({ text }) => text));
      },
    });
    await until('the review', async () => {
      await clock.advance(5000);
      return taken.length > 0;
    });
    for (let i = 0; i < 3; i++) {
      await atRest();
      await clock.advance(5000);
    }
    await atRest();
    expect([taken, tries]).toEqual([['It crashes'], 2]);
  });
});

test('what is wrong in an account is told by its place and what it must be, without its secrets', () => {
  const accounts = [
    { channel: 'app-store', name: 'scooter', appId: '12', issuerId: 'x', keyId: 'K1', privateKey: 'secret-text' },
    { channel: 'google-play', name: 'scooter', packageName: 'scooter', serviceAccount: { private_key: 'secret-text' } },
    { channel: 'feeds', name: 'press', feeds: ['ftp://x.example/'], mentions: [{ words: [], become: 'mail' }] },
  ];
  const read = () => readSocialConfig({ SOCIAL_ACCOUNTS: JSON.stringify(accounts) });
  for (const told of [
    'SOCIAL_ACCOUNTS[0.issuerId]: must be a UUID',
    "SOCIAL_ACCOUNTS[0.privateKey]: must be the text of the key's .p8 file",
    'SOCIAL_ACCOUNTS[1.packageName]: must look like com.example.app',
    'SOCIAL_ACCOUNTS[1.serviceAccount.private_key]: must be an RSA key in PEM',
    'SOCIAL_ACCOUNTS[2.feeds.0]: must be an http or https address',
    'SOCIAL_ACCOUNTS[2.mentions.0.words]: must hold at least one word or phrase',
    'SOCIAL_ACCOUNTS[2.mentions.0.become]: must be ticket, count or ignore',
  ]) {
    expect(read).toThrow(told);
  }
  expect(read).not.toThrow(/secret-text/);
});

test('Google: a token serves until it is taken back; then a new one is fetched at once', async () => {
  const { store, open, clock, atRest } = await openStore('google-play');
  if (!('tokens' in store)) throw new Error('not Google');
  await open();
  await atRest();
  for (let i = 0; i < 3; i++) {
    await clock.advance(5000);
    await atRest();
  }
  expect(store.tokens).toBe(1);
  store.revokeTokens();
  await clock.advance(5000);
  await atRest();
  expect(store.tokens).toBe(2);
});

test('Google: an exhausted quota is waited out although it comes as 403', async () => {
  const { store, channel, open, messages } = await openStore('google-play');
  await open();
  store.write({ author: 'Mei', stars: 1, text: 'It crashes' });
  const [message] = await messages(1);
  if (message === undefined || !('revokeTokens' in store)) throw new Error('no message');
  store.behave('out of quota');
  await expect(channel().send(answerTo(message))).rejects.toBeInstanceOf(RetryLaterError);
});
