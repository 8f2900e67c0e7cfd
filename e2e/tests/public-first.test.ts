import { ListTicketsRequest, TicketServiceService, Visibility } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { startWeiboSimulator } from '@tributary/testing/simulators/weibo';
import { expect, test } from 'vitest';
import { openStandalone } from './open-standalone.ts';

const us = { uid: '1902538057', name: 'Brand' };
const mei = { uid: '2489518277', name: '梅' };

test('a public complaint on Weibo is answered there once, goes on in private on the same ticket, and ends in public', async () => {
  await using opened = new AsyncDisposableStack();
  let gateway = '';
  const weibo = opened.use(
    await startWeiboSimulator({
      ...{ account: 'brand', us, appSecret: 'secret', accessToken: 'token', allowance: 100_000 },
      gateway: () => gateway,
    }),
  );
  const account = {
    ...{ channel: 'weibo', name: 'brand', uid: us.uid, appSecret: 'secret', accessToken: 'token', pollSeconds: 5 },
    ...{ operatorIp: '203.0.113.7', apiUrl: weibo.url, messageApiUrl: weibo.url, fileApiUrl: weibo.url },
  };
  const complaint = weibo.post(mei, `@${us.name} 我的电池冒烟了！`);
  const { httpAddress, channel } = await openStandalone(opened, {
    environment: () => ({ SOCIAL_ACCOUNTS: JSON.stringify([account]) }),
  });
  gateway = `http://${httpAddress}`;
  const tickets = channel.api(TicketServiceService);

  await until('the invitation under the post', () => weibo.comments.length === 1, { timeoutMs: 20_000 });
  expect(weibo.comments[0]).toMatchObject({ post: { id: complaint.id }, text: expect.stringContaining('请私信我们') });
  await weibo.write({ from: mei, text: '订单号 77，电话 13800138000' });
  const ticket = await until('both on one ticket', async () => {
    const { tickets: found } = await tickets.listTickets(ListTicketsRequest.fromPartial({ channel: 'weibo' }));
    const whole = found[0] && (await tickets.getTicket({ id: found[0].id }));
    return whole?.entries.filter(({ kind }) => kind === 1).length === 2 && whole;
  });
  expect(weibo.comments[0]?.text).not.toContain(ticket.number);

  const actor = { kind: 1 as const, id: 'mei-lin', displayName: 'Mei Lin' };
  const reply = (commandId: string, text: string, visibility: Visibility) =>
    tickets.reply({
      ticketId: ticket.id,
      context: { commandId, actor, expectedVersion: 0n },
      ...{ text, html: '', attachments: [], visibility },
    });
  await reply('one', '请寄回，我们换新。', Visibility.VISIBILITY_UNSPECIFIED);
  await reply('two', '已私信为您解决，谢谢！', Visibility.VISIBILITY_PUBLIC);
  await until('the private answer', () => weibo.privateAnswers.length === 1);
  await until('the public one', () => weibo.comments.length === 2);
  expect(weibo.privateAnswers).toEqual([{ uid: mei.uid, text: '请寄回，我们换新。' }]);
  expect(weibo.comments[1]).toMatchObject({ post: { id: complaint.id }, text: '已私信为您解决，谢谢！' });
}, 60_000);
