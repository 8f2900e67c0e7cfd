import { createWriteStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { composeMail } from './mail-composer.ts';
import type { MailTransport } from './nodemailer-smtp.ts';

/**
 * Writes each mail as an `.eml` file instead of sending it, so that everything can be tried with no mail server. The file's
 * name is the mail's id: a repeat writes the same file.
 */
export function createFolderOutbox(folder: string): MailTransport {
  return {
    async deliver(mail) {
      await mkdir(folder, { recursive: true });
      const name = `${mail.messageId.replace(/@.*$/, '').replace(/[^\w.-]/g, '_')}.eml`;
      const aside = join(folder, `.${name}.${process.pid}`);
      await pipeline(composeMail(mail), createWriteStream(aside));
      const file = await open(aside, 'r+');
      await file.sync();
      await file.close();
      await rename(aside, join(folder, name));
    },
    close: () => {},
  };
}
