import { Automatic } from '@tributary/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixture, fixtureNames, openMailReader } from './mail-reader.ts';

const reader = await openMailReader();
const read = (name: string) => reader.read(fixture(name));

test.each([
  ['header/no-from', { sender: { address: '' }, text: 'Who am I?' }],
  ['header/no-date', { providerTime: undefined, text: 'Timeless.' }],
  ['header/no-message-id', { providerMessageId: '', text: 'Nameless.' }],
  ['header/nothing', { text: 'Just these words, no header at all, and no colon.' }],
  ['header/absurd-date', { providerTime: undefined, text: 'When?' }],
  ['header/ancient-date', { providerTime: undefined, text: 'Long ago.' }],
  [
    'header/duplicates',
    { subject: 'first', providerMessageId: 'd1@example.com', sender: { address: 'ada@example.com' } },
  ],
  ['header/line-feeds-only', { text: 'Line one\nLine two' }],
  ['header/mbox-from-line', { subject: 'mbox', text: 'From a box.' }],
  ['header/folded-and-tabs', { subject: 'one two three', providerMessageId: 'folded@example.com' }],
  ['header/group-address', { sender: { address: 'ada@example.com' }, participants: [] }],
  ['header/empty', { text: '', subject: '' }],
  ['header/headers-without-end', { subject: 'cut off', providerMessageId: 'cut@example.com' }],
  ['structure/broken-boundary', { text: 'The boundary never comes.\r\nBut here are words.' }],
  ['structure/missing-end', { text: 'Started but never' }],
  ['structure/broken-base64', { text: 'Hello world' }],
  ['structure/format-flowed', { text: 'This line goes on here.\nNew line.' }],
  ['structure/html-only', { text: 'The lamp\nblinks red & hot.\n\nModel X-200' }],
  ['structure/apple-mail-html-beside-text', { text: 'Before the picture.\n\n\nAfter the picture.' }],
])('%s is accepted', async (name, expected) => {
  const message = await read(name);
  expect(message).toMatchObject({ channel: 'email', account: 'support@tributary.local', ...expected });
  expect(message.id).toMatch(/^[0-9a-f]{32}$/);
  expect(message.conversationKey).toMatch(/^email:[0-9a-f]{32}$/);
  expect(message.receivedTime).toBeInstanceOf(Date);
  expect(message.raw?.size).toBe(BigInt(fixture(name).length));
});

test('pictures that came with the mail stay, pictures from elsewhere and scripts go', async () => {
  const message = await read('structure/alternative-with-inline-image');
  expect(message.html).toBe('<p>See the lamp: <img src="cid:lamp@1" alt="lamp" /></p>');
  expect(message.attachments).toMatchObject([
    { name: 'lamp.png', contentId: 'lamp@1', blob: { mediaType: 'image/png' } },
  ]);
});

test('file names are read in their charset and lose their paths', async () => {
  const { attachments } = await read('structure/file-names');
  expect(attachments.map(({ name }) => name)).toEqual(['发票.pdf', '保修单.pdf', 'passwd', '']);
});

test('a mail with 10,000 recipients is accepted; the list is cut and says so', async () => {
  const recipients = Array.from({ length: 10_000 }, (_, index) => `Person ${index} <p${index}@example.com>`).join(
    ',\r\n ',
  );
  const message = await reader.read(`From: ada@example.com\r\nTo: ${recipients}\r\nSubject: all\r\n\r\nHello all.\r\n`);
  expect(message).toMatchObject({ subject: 'all', text: 'Hello all.' });
  expect(message.participants).toHaveLength(100);
  expect(message.refusals).toEqual([{ what: 'recipients', reason: '10000 recipients; the first 100 were kept' }]);
});

test('a header block beyond all measure is cut, and the mail is accepted', async () => {
  const lines = Array.from({ length: 40_000 }, (_, index) => `X-Line-${index}: ${'x'.repeat(40)}\r\n`).join('');
  const message = await reader.read(`From: ada@example.com\r\nSubject: long\r\n${lines}\r\nHello.\r\n`);
  expect(message).toMatchObject({ subject: 'long', sender: { address: 'ada@example.com' } });
});

test('over a limit the mail still becomes a message with what fits and a note', async () => {
  const strict = await openMailReader({ maxParts: 4, maxDepth: 2, maxAttachmentBytes: 1000, maxTextLength: 2000 });
  const part = (type: string, body: string) => `--x\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const mail = (...parts: string[]) =>
    `From: ada@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n${parts.join('')}--x--\r\n`;

  const large = await strict.read(
    mail(
      part('text/plain', 'Words.'),
      part('image/png; name=a.png', 'p'.repeat(5000)),
      part('image/png; name=b.png', 'small'),
    ),
  );
  expect(large).toMatchObject({
    text: 'Words.',
    attachments: [{ name: 'b.png' }],
    refusals: [{ what: 'a.png', reason: 'larger than 1000 bytes' }],
  });

  const many = await strict.read(
    mail(part('text/plain', 'Words.'), ...Array.from({ length: 2000 }, () => part('image/png', 'p'))),
  );
  expect(many.attachments).toHaveLength(2);
  expect(many).toMatchObject({ text: 'Words.', refusals: [{ what: 'parts', reason: 'more than 4 parts' }] });

  let deep = 'Content-Type: text/plain\r\n\r\nDeep words.';
  for (let level = 50; level > 0; level--) {
    deep = `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\nContent-Type: text/plain\r\n\r\nLevel ${level}.\r\n--b${level}\r\n${deep}\r\n--b${level}--`;
  }
  const nested = await strict.read(`From: ada@example.com\r\n${deep}\r\n`);
  expect(nested.text).toContain('Level 1.');
  expect(nested.refusals[0]).toMatchObject({ what: 'parts' });

  const long = await strict.read(`From: ada@example.com\r\n\r\n${'word '.repeat(10_000)}`);
  expect(long.text.length).toBe(2000);
  expect(long.refusals).toEqual([{ what: 'text', reason: 'longer than 2000 characters; the beginning was kept' }]);

  const markup = await strict.read(`From: a@b.c\r\nContent-Type: text/html\r\n\r\n${'<b>'.repeat(900)}Words.`);
  expect(markup).toMatchObject({ html: '', text: 'Words.', refusals: [{ what: 'HTML' }] });
});

const kinds: Readonly<Record<string, Automatic>> = {
  none: Automatic.AUTOMATIC_NONE,
  reply: Automatic.AUTOMATIC_REPLY,
  list: Automatic.AUTOMATIC_LIST,
  own: Automatic.AUTOMATIC_OWN,
  generated: Automatic.AUTOMATIC_GENERATED,
};

test.each(fixtureNames('automatic'))('I2: %s is recognised', async (name) => {
  const { automatic } = await read(name);
  expect(automatic).toBe(kinds[name.split(/[/-]/)[1] ?? '']);
});

test.each(['header', 'structure', 'charset', 'reply'].flatMap(fixtureNames))(
  'I2: %s is from a person',
  async (name) => {
    expect((await read(name)).automatic).toBe(Automatic.AUTOMATIC_NONE);
  },
);

test('I2: a mail with an empty envelope sender is not answered', async () => {
  const message = await reader.read(fixture('header/no-date'), { envelope: { sender: '', recipients: [] } });
  expect(message.automatic).toBe(Automatic.AUTOMATIC_GENERATED);
});

test.each(fixtureNames('bounce'))('%s names the message that came back', async (name) => {
  const bouncing = await openMailReader();
  const message = await bouncing.read(fixture(name));
  const delayed = name === 'bounce/postfix-delay';
  expect(message).toMatchObject({
    automatic: Automatic.AUTOMATIC_BOUNCE,
    bounce: { outboundMessageId: '0123456789abcdef0123456789abcdef', permanent: !delayed },
  });
  expect(message.bounce?.recipient).toMatch(/^nobody@/);
  await bouncing.accept(message);
  expect(bouncing.bounced).toHaveLength(delayed ? 0 : 1);
});

test('arbitrary bytes become a message', { timeout: 60_000 }, async () => {
  const line = fc.oneof(
    fc.constantFrom(
      'From: a@b.c',
      'Content-Type: multipart/mixed; boundary=x',
      'Content-Type: text/html; charset=utf-16',
      'Content-Type: message/rfc822',
      'Content-Disposition: inline',
      'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable',
      'Subject: =?gb2312?B?zzz?=',
      'References: <<>> <a@b <c>',
      '--x',
      '--x--',
      '',
    ),
    fc.string(),
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array)),
    fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(lines.join('\r\n'))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (mail) => {
      const message = await reader.read(mail);
      expect(message.id).toMatch(/^[0-9a-f]{32}$/);
      expect(message.refusals.some(({ what }) => what === 'the whole mail')).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('a mail cut anywhere is still a message', { timeout: 60_000 }, async () => {
  const whole = fixture('bounce/postfix');
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (length) => {
      expect((await reader.read(whole.subarray(0, length))).id).not.toBe('');
    }),
    { numRuns: 60 },
  );
});
