import fc from 'fast-check';
import { expect, test } from 'vitest';
import { htmlToPlainText, plainTextToHtml, sanitiseMailHtml } from './html.ts';

const clean = (html: string) => {
  const safe = sanitiseMailHtml(html);
  return 'html' in safe ? safe.html : `refused: ${safe.refused}`;
};

test.each([
  ['<script>alert(1)</script>x', 'x'],
  ['<img src=x onerror=alert(1)>x', 'x'],
  ['<img src="https://track.example/p.gif">x', 'x'],
  ['<img src="//track.example/p.gif">x', 'x'],
  ['<img src="cid:a@b" srcset="https://track.example/p.gif">', '<img src="cid:a@b" />'],
  ['<p style="background:url(https://track.example/p.gif)">x</p>', '<p>x</p>'],
  ['<p style="position:fixed;color:red">x</p>', '<p style="color:red">x</p>'],
  ['<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow" target="_blank">x</a>'],
  ['<a href="java&#x0A;script:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow" target="_blank">x</a>'],
  ['<form action="https://evil.example"><input name=p><button>go</button></form>', 'go'],
  ['<iframe src="https://evil.example"></iframe>x', 'x'],
  ['<svg><script>alert(1)</script></svg>x', 'x'],
  ['<link rel=stylesheet href=https://evil.example><meta http-equiv=refresh content=0>x', 'x'],
  ['<base href="https://evil.example">x', 'x'],
  ['<style>@import url(https://evil.example)</style>x', 'x'],
  ['<video src="https://evil.example/a.mp4" poster="https://evil.example/p.png"></video>x', 'x'],
  ['<table background="https://evil.example/a.png"><tr><td>x</td></tr></table>', '<table><tr><td>x</td></tr></table>'],
])('%s becomes %s', (html, expected) => {
  expect(clean(html)).toBe(expected);
});

test('whatever the HTML, nothing that runs or loads is left', () => {
  const piece = fc.constantFrom(
    ...[
      '<script',
      '<img ',
      'src=',
      'onerror=',
      '"',
      "'",
      '>',
      '<',
      '/',
      'javascript:',
      'https://evil.example',
      'cid:x',
      '<style',
      '<!--',
      '-->',
    ],
    ...[
      '<svg',
      '<math',
      '<a href=',
      '</a',
      '<p style=',
      'url(',
      ')',
      '&lt;',
      '&#x3c;',
      '\u0000',
      ' ',
      'x',
      '<noscript',
      '<textarea',
      '</',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const html = clean(pieces.join(''));
      expect(html).not.toMatch(/<(?:script|style|svg|math|iframe|object|form|link|meta|base)\b/i);
      expect(html).not.toMatch(/<[a-z][^>]*\s(?:on[a-z]+|srcset|background)\s*=/i);
      expect(html).not.toMatch(/<[a-z][^>]*(?:src|href)="(?!cid:|https?:|mailto:|tel:)/i);
      expect(html).not.toMatch(/<img[^>]*src="(?!cid:)/i);
    }),
    { numRuns: 1000 },
  );
});

test('what mail programs mark as quoted gets > in front in plain text', () => {
  expect(htmlToPlainText('<div>New.</div><blockquote type="cite">Old<br>words</blockquote>')).toBe(
    'New.\n\n> Old\n> words',
  );
});

test('hostile nesting is refused in short time', () => {
  const html = '<b>'.repeat(100_000);
  const began = performance.now();
  expect(clean(html)).toMatch(/^refused: nested deeper/);
  expect(typeof htmlToPlainText(html)).toBe('string');
  expect(performance.now() - began).toBeLessThan(1000);
});

test('plain text becomes HTML in which nothing is markup', () => {
  expect(plainTextToHtml('<b> & "x"\ny')).toBe('<div>&#60;b&#62; &#38; &#34;x&#34;<br>\ny</div>');
});
