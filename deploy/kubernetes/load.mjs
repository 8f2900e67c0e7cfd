// Customers inside the cluster, where a replaced pod does not cut their way: mails by SMTP, each from another sender, and
// visitors who chat, line after line. Runs in gateway-email's image, as text given to `node --eval`, with LOAD in the
// environment: { mark, mailsPerSecond, chats }. What is not acknowledged is sent again, as mail servers and the widget do.
// GET /stop at port 8080 ends the writing, waits for what is open, and answers with what was acknowledged.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { createTransport } from 'nodemailer';

const { mark, mailsPerSecond, chats } = JSON.parse(process.env.LOAD);
const { SMTP = 'gateway-email:25', CHAT = 'ws://gateway-chat/chat/v1/ws' } = process.env;
const [host, port] = SMTP.split(':');
const giveUpAfterMs = 180_000;
const lineEveryMs = 2000;
const acknowledged = [];
const refused = [];
let mailRetries = 0;
let lineRetries = 0;
const mailMs = [];
const chatMs = [];
const stop = new AbortController();

async function mail(number) {
  const text = `${mark} mail ${number}`;
  const begin = performance.now();
  const envelope = { from: `load-${number}-${mark}@example.com`, to: 'support@tributary.local' };
  const messageId = `<${number}.${mark}@example.com>`;
  const date = new Date();
  for (;;) {
    const transport = createTransport({ host, port: Number(port), ignoreTLS: true, connectionTimeout: 5000 });
    try {
      await transport.sendMail({ ...envelope, messageId, date, subject: mark, text });
      acknowledged.push(text);
      mailMs.push(performance.now() - begin);
      return;
    } catch (error) {
      if (error.responseCode >= 500 || performance.now() - begin > giveUpAfterMs) {
        refused.push(`${text}: ${error.message}`);
        return;
      }
      mailRetries += 1;
    } finally {
      transport.close();
    }
    await setTimeout(500);
  }
}

async function mails() {
  const open = [];
  for (let number = 1; !stop.signal.aborted; number++) {
    open.push(mail(number));
    await setTimeout(1000 / mailsPerSecond);
  }
  await Promise.all(open);
}

/** One visitor, who writes the next line when the one before is acknowledged. */
async function chat(visitor) {
  let token;
  let socket;
  for (let number = 1; !stop.signal.aborted; number++) {
    const text = `${mark} chat ${visitor} line ${number}`;
    const clientId = randomUUID();
    const begin = performance.now();
    for (;;) {
      try {
        if (socket?.readyState !== WebSocket.OPEN) ({ socket, token } = await connected(token));
        await sent(socket, { type: 'message', clientId, text });
        acknowledged.push(text);
        chatMs.push(performance.now() - begin);
        break;
      } catch (error) {
        socket?.close();
        socket = undefined;
        if (performance.now() - begin > giveUpAfterMs) {
          refused.push(`${text}: ${error.message}`);
          return;
        }
        lineRetries += 1;
        await setTimeout(300);
      }
    }
    await setTimeout(lineEveryMs);
  }
  socket?.close();
}

async function connected(token) {
  const socket = new WebSocket(CHAT);
  await heard(socket, 'open');
  const hello = { type: 'hello', version: 1, site: 'demo', token, lastSequence: 0 };
  const welcome = heard(socket, 'message', ({ type }) => type === 'welcome');
  socket.send(JSON.stringify(hello));
  return { socket, token: (await welcome).token };
}

async function sent(socket, message) {
  const answer = heard(
    socket,
    'message',
    ({ type, clientId }) => type === 'error' || (type === 'ack' && clientId === message.clientId),
  );
  socket.send(JSON.stringify(message));
  const { type, code } = await answer;
  if (type === 'error') throw new Error(code);
}

/** The event, or the frame that is wanted. Rejects when the connection ends or nothing comes for 10 s. */
function heard(socket, event, wanted = () => true) {
  return new Promise((resolve, reject) => {
    const listening = new AbortController();
    const { signal } = listening;
    const end = (settle, value) => {
      listening.abort();
      settle(value);
    };
    setTimeout(10_000, undefined, { signal, ref: false }).then(
      () => end(reject, new Error('no answer within 10 s')),
      () => {},
    );
    for (const name of ['close', 'error']) {
      socket.addEventListener(name, () => end(reject, new Error(`the chat's connection ended`)), { signal });
    }
    const take = ({ data }) => {
      const frame = data === undefined ? undefined : JSON.parse(data);
      if (wanted(frame)) end(resolve, frame);
    };
    socket.addEventListener(event, take, { signal });
  });
}

const percentile = (values, share) =>
  Math.round([...values].sort((one, other) => one - other)[Math.ceil(values.length * share) - 1] ?? 0);
const times = (values) => ({
  p50Ms: percentile(values, 0.5),
  p99Ms: percentile(values, 0.99),
  mostMs: percentile(values, 1),
});

const work = Promise.all([
  mailsPerSecond > 0 && mails(),
  ...Array.from({ length: chats }, (_, index) => chat(index + 1)),
]);
createServer(async ({ url }, response) => {
  if (url === '/stop') {
    stop.abort();
    await work;
  }
  const counts = {
    mails: { ...times(mailMs), count: mailMs.length },
    chats: { ...times(chatMs), count: chatMs.length },
  };
  response.end(JSON.stringify({ ...counts, mailRetries, lineRetries, refused, acknowledged }));
}).listen(8080);
