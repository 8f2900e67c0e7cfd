import { createMailparserParser } from '../src/adapters/mailparser-parser.ts';
import { openMailReader } from './mail-reader.ts';

const reader = await openMailReader();
const mail = (i: number) =>
  `From: customer@example.com\r\nTo: support@tributary.local\r\nSubject: load-${i}\r\nMessage-ID: <l${i}@example.com>\r\n\r\nWords of ${i}.\r\n`;
for (const n of [200, 1000, 1000]) {
  const began = performance.now();
  for (let i = 0; i < n; i += 100) await Promise.all(Array.from({ length: 100 }, (_, k) => reader.read(mail(i + k))));
  console.log(n, Math.round((n / (performance.now() - began)) * 1000), 'mails/s normalised (blob dir + parse)');
}
