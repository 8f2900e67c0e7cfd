import type { ChannelSubject } from '@tributary/gateway-kit/contract';
import { promiseOfChannelAtScale } from '@tributary/gateway-kit/contract';
import { isUnavailable, startDovecot } from '@tributary/testing/servers';
import { afterAll } from 'vitest';
import { createChannel, mailModule, mailWriter, smtp, startMailServer, withoutSignatures } from './mail-subject.ts';

// Each test has a mailbox of its own.
const users = Array.from({ length: 30 }, (_, index) => `user${index}`);
const password = 'secret';
const dovecot = await startDovecot({ users: Object.fromEntries(users.map((user) => [user, password])), report() {} });
if (isUnavailable(dovecot)) throw new Error(dovecot.unavailable);
afterAll(() => dovecot.stop());

const fetched: ChannelSubject = {
  module: mailModule,
  createChannel,
  async startProvider() {
    const server = await startMailServer();
    const user = users.shift() ?? '';
    const mailOf = mailWriter();
    return {
      ...server,
      url: `${server.url}?mailbox=${encodeURIComponent(JSON.stringify({ port: dovecot.imapPort, user, password }))}`,
      write(message) {
        dovecot.deliver(user, mailOf(message));
        return true;
      },
    };
  },
  without: {
    ...withoutSignatures,
    'broken-off message': 'the mail server has it whole or not at all',
    'size limit': 'the mail server has taken it: what is too large is cut and the message says so (mails.test.ts)',
  },
};

promiseOfChannelAtScale('Mail by SMTP', smtp);
promiseOfChannelAtScale('Mail by IMAP', fetched);
