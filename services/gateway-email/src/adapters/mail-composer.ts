import MailComposer from 'nodemailer/lib/mail-composer';
import type { OutgoingMail } from '../usecases/send-mail.ts';

/** The mail in nodemailer's terms. */
export function mailData(mail: OutgoingMail) {
  return {
    from: mail.from,
    to: [...mail.to],
    replyTo: mail.replyTo,
    subject: mail.subject,
    messageId: `<${mail.messageId}>`,
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: `<${mail.inReplyTo}>` }),
    ...(mail.references.length === 0 ? {} : { references: mail.references.map((id) => `<${id}>`) }),
    date: mail.date,
    headers: { ...mail.headers },
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.map(({ filename, contentType, cid, content }) => ({
      filename,
      contentType,
      content,
      ...(cid === undefined ? {} : { cid }),
    })),
    // A mail has no business reading our files or fetching pages.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** The mail as bytes, attachments streaming through. */
export function composeMail(mail: OutgoingMail): NodeJS.ReadableStream {
  return new MailComposer(mailData(mail)).compile().createReadStream();
}
