import { encryptPush, sign } from '@tributary/testing/simulators/wechat';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecryptionError, decrypt, isSignedBy } from './message-crypt.ts';

const key = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const appId = 'wxb11529c136998cb6';

// The values of the sample program that Tencent publishes with its documents (WXBizMsgCrypt, Java).
test('opens what the sample program encrypted', () => {
  const encrypted = 'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==';
  expect(decrypt(encrypted, key, appId)).toBe('我是中文abcd123');
  expect(encryptPush('我是中文abcd123', key, appId, Buffer.from('aaaabbbbccccdddd'))).toBe(encrypted);
});

test('accepts the signature and opens the message of the published example', () => {
  // Sample.py of the same package.
  const encrypted =
    'hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=';
  const parts = ['spamtest', '1409735669', '1320562132', encrypted];
  expect(isSignedBy(parts, '5d197aaffba7e9b25a30732f161a50dee96bd5fa')).toBe(true);
  expect(decrypt(encrypted, key, 'wx2c2769f8efd9abc2')).toContain('<Content><![CDATA[abcdteT]]></Content>');
});

const text = fc.string({ unit: 'grapheme', maxLength: 400 });
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });
const keys = fc.stringMatching(/^[A-Za-z0-9]{43}$/);

test('whatever was encrypted for us comes out as it was', () => {
  fc.assert(
    fc.property(text, keys, random, (content, anyKey, bytes) => {
      expect(decrypt(encryptPush(content, anyKey, appId, bytes), anyKey, appId)).toBe(content);
    }),
  );
});

test('what is meant for another account, made with another key, or no ciphertext at all is refused and nothing else happens', () => {
  fc.assert(
    fc.property(text, keys, random, (content, anyKey, bytes) => {
      const other = encryptPush(content, anyKey, 'wx0000000000000000', bytes);
      expect(() => decrypt(other, anyKey, appId)).toThrow(DecryptionError);
      fc.pre(anyKey !== key);
      expect(() => decrypt(encryptPush(content, anyKey, appId, bytes), key, appId)).toThrow(DecryptionError);
    }),
  );
  fc.assert(
    fc.property(fc.base64String({ maxLength: 200 }), (noise) => {
      expect(() => decrypt(noise, key, appId)).toThrow(DecryptionError);
    }),
  );
});

test('a signature holds for its parts in any order and for no others', () => {
  expect(isSignedBy(['b', 'c', 'a'], sign('a', 'b', 'c'))).toBe(true);
  expect(isSignedBy(['b', 'c', 'x'], sign('a', 'b', 'c'))).toBe(false);
  expect(isSignedBy(['a'], '')).toBe(false);
});
