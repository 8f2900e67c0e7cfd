import fc from 'fast-check';
import { expect, test } from 'vitest';
import { charsetOf, decodeText } from '../src/domain/charset.ts';
import { fixture, fixtureNames, openMailReader } from './mail-reader.ts';

const chinese = '您好,我的手机充电器发热很严重,已经不能正常使用了。请问怎么处理?谢谢。';
const taiwanese = '您好,我買的吸塵器無法開機,電池指示燈一直閃爍,請協助處理,謝謝。';
const japanese = 'お世話になっております。購入した掃除機の電源が入りません。修理をお願いできますでしょうか。';
const russian = 'Здравствуйте! Телефон не включается после обновления прошивки. Что мне делать?';
const korean = '안녕하세요. 구입한 휴대폰이 켜지지 않습니다. 수리를 요청합니다. 감사합니다.';
const french = 'Bonjour, l’appareil ne démarre plus – « erreur 5 ». Ça coûte 30 €…';
const arabic = 'مرحبا، الهاتف لا يعمل منذ الأمس. ماذا أفعل؟ شكرا لكم.';
const polish = 'Dzień dobry, urządzenie nie działa. Proszę o szybką pomoc, żółta lampka miga.';

const expected: Readonly<Record<string, { text: string; subject?: string }>> = {
  'charset/big5': { text: taiwanese, subject: '無法開機' },
  'charset/euc-kr-unknown-label': { text: `${korean}\n${korean}` },
  'charset/gb18030': { text: chinese, subject: '充电器发热' },
  'charset/gb2312-label-gbk-text': { text: '這個產品的電池有問題,已经發熱。', subject: '電池问题' },
  'charset/gbk-labelled-us-ascii': { text: `${chinese}\n${chinese}` },
  'charset/gbk-labelled-utf-8': { text: `${chinese}\n${chinese}` },
  'charset/html-gbk-base64': { text: chinese, subject: '发热' },
  'charset/iso-2022-jp': { text: japanese, subject: '電源が入りません' },
  'charset/iso-2022-jp-unlabelled': { text: japanese },
  'charset/koi8-r': { text: russian, subject: 'Телефон' },
  'charset/shift-jis': { text: japanese, subject: '電源が入りません' },
  'charset/shift-jis-without-label': { text: `${japanese}\n${japanese}` },
  'charset/utf-7-is-refused': { text: '+ADw-script+AD4-alert(1)+ADw-/script+AD4-' },
  'charset/utf-8-cut-in-a-character': { text: `${chinese}\n${chinese.slice(0, -1)}\uFFFD` },
  'charset/utf-8-labelled-iso-8859-1': { text: french },
  'charset/utf-8-without-label': { text: chinese },
  'charset/windows-1250': { text: polish },
  'charset/windows-1251': { text: russian, subject: 'Телефон' },
  'charset/windows-1251-without-label': { text: `${russian}\n${russian}` },
  'charset/windows-1252': { text: french, subject: 'démarre – pas' },
  'charset/windows-1252-labelled-iso-8859-1': { text: french },
  'charset/windows-1256': { text: arabic, subject: 'مرحبا' },
};

const reader = await openMailReader();

test.each(fixtureNames('charset'))('%s is read as it was written', async (name) => {
  const message = await reader.read(fixture(name));
  expect(message).toMatchObject({ refusals: [], ...expected[name] });
  expect(expected[name]).toBeDefined();
});

test.each([
  ['header/raw-gbk', '充电器发热怎么办', '王小明'],
  ['header/raw-utf-8', '充电器发热怎么办', '王小明'],
  ['header/raw-windows-1252-no-label', 'Bestellung für Müller – schön', 'Ada Lovelace'],
])('%s: 8-bit headers are read', async (name, subject, displayName) => {
  const message = await reader.read(fixture(name));
  expect(message).toMatchObject({ subject, sender: { displayName } });
});

test('any bytes under any label become text', () => {
  const labels = fc.oneof(
    fc.string(),
    fc.constantFrom('utf-8', 'gb2312', 'utf-16', 'utf-7', 'x-unknown', 'us-ascii', 'hz'),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.option(labels, { nil: undefined }), (bytes, label) => {
      expect(typeof decodeText(bytes, label).text).toBe('string');
    }),
  );
});

test('UTF-8 is read as UTF-8 whatever its label says, unless the label names another multi-byte charset', () => {
  const multiByte = ['gb18030', 'big5', 'shift_jis', 'euc-jp', 'euc-kr', 'utf-16le', 'utf-16be', 'iso-2022-jp'];
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string(), (text, label) => {
      fc.pre(!multiByte.includes(charsetOf(label) ?? '') && !text.includes('\u001b') && !text.startsWith('\uFEFF'));
      expect(decodeText(Buffer.from(text), label).text).toBe(text);
    }),
  );
});
