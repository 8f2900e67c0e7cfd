import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent, InboundMessage, topics } from '@tributary/contracts';
import { listDeadLetters } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { observedSystem, patience } from './one-trace.ts';
import { startOneProcess } from './processes.ts';

/** What must never be seen by whoever looks after the system. */
const person = {
  name: 'Kanarienvogel',
  address: 'canary.person@feathers.example',
  phone: '+4915112349876',
  text: 'Zwitscherlaut',
};
const canaries = [person.name, 'canary.person', person.phone.slice(1), person.text];

test('what customers write and are reached by is in no log, trace, metric or error answer, also when things go wrong', {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-canary-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [mailServer, smtpPort, httpMetrics] = [await refusingMailServer(), await freePort(), await freePort()];
  const { collector, platform, tickets, ticket, gatewayUrl } = await observedSystem((environment) =>
    startOneProcess(folder, {
      ...environment,
      LOG_LEVEL: 'trace',
      SMTP_PORT: String(smtpPort),
      EMAIL_OUT: `smtp://127.0.0.1:${mailServer.port}`,
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(httpMetrics),
    }),
  );
  const answers: string[] = [];
  const text = `${person.text}: ${person.name}, ${person.address}, ${person.phone}`;
  const post = async (path: string, body: string, headers: Record<string, string>) =>
    void answers.push(await (await fetch(`${gatewayUrl}${path}`, { method: 'POST', body, headers })).text());
  const refused = (call: Promise<unknown>) =>
    call.then(
      () => expect.unreachable(),
      (error) => answers.push(String(error)),
    );

  // A mail whose acknowledgement the mail server refuses, naming the mailbox.
  const transport = createTransport({ host: '127.0.0.1', port: smtpPort, secure: false, ignoreTLS: true });
  const from = `${person.name} <${person.address}>`;
  await transport.sendMail({ to: 'support@tributary.local', from, subject: text, text });
  transport.close();
  await until('a refused acknowledgement', () => mailServer.refusals > 1, patience);

  // A provider that is down, then answers.
  platform.behave('down');
  const sender = { id: person.address, name: person.name };
  expect(await platform.write({ id: 'm-1', conversation: person.phone, sender, text })).toBe(200);
  const { id } = await ticket();
  await until('a failed delivery', () => platform.tries > 0, patience);
  answers.push(await (await fetch(`${gatewayUrl}/health/ready`)).text());
  platform.behave('well');

  // Bad input: refused by the schema, unsigned, no JSON, no such ticket, wrong fields.
  const bad = platform.request(
    { type: 'message.created', id: [text], sender, conversation: text, text: 1 },
    'bad',
    Date.now(),
  );
  await post(bad.path, bad.body, bad.headers);
  await post(bad.path, text, { 'content-type': 'application/json' });
  await post(`/chat/v1/sessions`, `{"name": ${text}`, { 'content-type': 'application/json' });
  await post(`/nowhere?${encodeURIComponent(person.address)}`, text, {});
  await refused(tickets.getTicket({ id: 'nobody' }));
  const context = {
    commandId: '',
    actor: { kind: 1, id: 'anna-weber', displayName: person.name },
    expectedVersion: 0n,
  } as const;
  await refused(tickets.reply({ ticketId: id, context, text, html: text, attachments: [], visibility: 0 }));

  // Dead letters: no such message, and one that ticketing refuses.
  const log = await openEmbeddedLog({ folder: join(folder, 'data', 'log') });
  onTestFinished(() => log[Symbol.asyncDispose]());
  const message = InboundMessage.fromPartial({
    ...{ id: 'x', channel: 'webhook', account: 'shop', conversationKey: text.repeat(30), text, subject: text },
    sender: { kind: 'email', address: person.address, displayName: person.name },
  });
  const event = encodeEvent(topics.inbound, message, 'tributary/test');
  await log.append([{ ...event, value: Buffer.from(text) }, event]);
  await until('two dead letters', async () => (await listDeadLetters(log, topics.inbound.name)).length === 2, patience);

  await until('spans and logs of it', () => collector.spans.some(({ name }) => name === 'deliver email'), patience);
  const metrics = await (await fetch(`http://127.0.0.1:${httpMetrics}/metrics`)).text();
  expect(metrics).toMatch(/tributary_dead_letters_total\{[^}]*messages\.inbound\.v1[^}]*\} 2/);
  expect(metrics).toMatch(/tributary_messages_received_total\{[^}]*tributary_channel="email"[^}]*\} 1/);
  expect(metrics).toMatch(/tributary_provider_errors_total\{[^}]*tributary_channel="webhook"[^}]*\} [1-9]/);
  expect(metrics).toMatch(/tributary_consumer_lag\{/);
  expect(metrics).toMatch(/nodejs_eventloop_delay_p99\{/);
  expect(collector.text()).toContain('not sent, to be tried again');

  const seen = {
    printed: await readFile(join(folder, 'printed.log'), 'utf8'),
    telemetry: collector.text(),
    metrics,
    answers: answers.join('\n'),
  };
  // What went wrong is told all the same.
  expect(seen.printed).toMatch(/mailbox <\(address\)> of \(number\) is busy/);
  expect(answers.length).toBe(7);
  for (const [where, all] of Object.entries(seen))
    for (const canary of canaries) expect(contextsOf(all, canary), `${canary} in ${where}`).toEqual([]);
});

/** Where something stands, with what is around it. */
function contextsOf(text: string, word: string): string[] {
  return [...text.matchAll(new RegExp(`.{0,300}${word}.{0,60}`, 'g'))].slice(0, 3).map(([found]) => found);
}

/** Takes no mail for now, and says for whom. */
async function refusingMailServer() {
  const state = { refusals: 0, port: 0 };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      state.refusals += 1;
      done(Object.assign(new Error(`mailbox <${address}> of ${person.phone} is busy`), { responseCode: 450 }));
    },
  });
  state.port = await freePort();
  await new Promise<void>((resolve) => server.listen(state.port, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return state;
}
