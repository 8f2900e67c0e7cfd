import { randomUUID } from 'node:crypto';
import { sampleMessage } from './sample-messages.ts';

/** The server that our mailbox trusts to have checked the sender. */
export const trustedServer = 'mail.tributary.local';

export interface SampleMail {
  readonly address: string;
  readonly raw: string;
}

/** A mail with text and HTML, as a mail server puts it into the mailbox; its sender is proven and has not written before. */
export function sampleMail(number: number): SampleMail {
  const { subject, text, providerMessageId } = sampleMessage(number);
  const address = `customer-${randomUUID()}@example.com`;
  const boundary = `part-${randomUUID()}`;
  const lines = [
    'Return-Path: <customer@example.com>',
    `Authentication-Results: ${trustedServer}; dkim=pass header.d=example.com; dmarc=pass header.from=example.com`,
    'Received: from mx.example.com (mx.example.com [192.0.2.7]) by mail.tributary.local with ESMTPS; Fri, 1 May 2026 08:15:00 +0000',
    `From: "Customer ${number}" <${address}>`,
    'To: Support <support@tributary.local>',
    `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=`,
    `Message-ID: <${providerMessageId}>`,
    `Date: ${new Date().toUTCString()}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    ...part(boundary, 'text/plain', text),
    ...part(
      boundary,
      'text/html',
      `<html><body><p>${text}</p><p style="color:#777">Sent from my phone</p></body></html>`,
    ),
    `--${boundary}--`,
    '',
  ];
  return { address, raw: lines.join('\r\n') };
}

function part(boundary: string, type: string, content: string): string[] {
  const base64 = Buffer.from(content).toString('base64').replace(/.{76}/g, '$&\r\n');
  return [`--${boundary}`, `Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', base64];
}
