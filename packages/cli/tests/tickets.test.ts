import { failedPrecondition, invalidArgument, notFound, StatusError, Ticket, TicketEvent } from '@tributary/contracts';
import { describe, expect, test } from 'vitest';
import { cli, ticket } from './cli.ts';

describe('tickets list', () => {
  const page = { tickets: [ticket], nextPageToken: 'more' };

  test('prints aligned columns, also with Chinese names, cut where the terminal ends', async () => {
    const contact = { kind: 'email', address: '', displayName: 'Mei', verification: 0 as const };
    const latin = { ...ticket, contact };
    const tickets = { listTickets: async () => ({ tickets: [ticket, latin], nextPageToken: '' }) };
    const { stdout, exitCode } = await cli(['tickets', 'list'], { tickets });
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        'NUMBER       STATE  GRADE                  OWNER  CHANNEL  AGE  CUSTOMER  SUBJECT',
        '20261122001  open   urgent hardware fault  anna   email    1 h  王小明    Smoke from the battery',
        '20261122001  open   urgent hardware fault  anna   email    1 h  Mei       Smoke from the battery',
        '',
      ].join('\n'),
    );
    const narrow = await cli(['tickets', 'list'], { tickets, columns: 80 });
    expect(narrow.stdout.split('\n')[1]).toBe(
      '20261122001  open   urgent hardware fault  anna   email    1 h  王小明    Smoke…',
    );
  });

  test('passes every filter on and says how to get the next page', async () => {
    const words = 'tickets list --state new --state open --owner anna --queue q --region r --channel chat';
    const { calls, stderr } = await cli(
      [...words.split(' '), '--customer', 'c', '--unassigned', '--limit', '7', '--page', 'p'],
      { tickets: { listTickets: async () => page } },
    );
    expect(calls['listTickets']).toEqual([
      {
        states: [1, 2],
        ownerId: 'anna',
        queue: 'q',
        region: 'r',
        channel: 'chat',
        customerId: 'c',
        unassigned: true,
        pageSize: 7,
        pageToken: 'p',
      },
    ]);
    expect(stderr).toContain('--page more');
  });

  test('--all follows the pages', async () => {
    const listTickets = async ({ pageToken }: { pageToken: string }) =>
      pageToken === '' ? page : { tickets: [ticket], nextPageToken: '' };
    const { stdout, calls } = await cli(['tickets', 'list', '--all', '--json'], { tickets: { listTickets } });
    expect(calls['listTickets']).toHaveLength(2);
    const result = JSON.parse(stdout);
    expect(result.tickets).toHaveLength(2);
    expect(result.nextPageToken).toBe('');
  });

  test('--json has the same fields when there is nothing', async () => {
    const tickets = { searchTickets: async () => ({ tickets: [], nextPageToken: '' }) };
    const { stdout, calls } = await cli(['tickets', 'search', 'smoke', 'battery', '--json', '--state', 'new'], {
      tickets,
    });
    expect(JSON.parse(stdout)).toEqual({ tickets: [], nextPageToken: '' });
    expect(calls['searchTickets']).toMatchObject([{ query: 'smoke battery', filter: { states: [1] }, pageSize: 50 }]);
  });

  test('what a customer wrote cannot steer the terminal', async () => {
    const hostile = { ...ticket, subject: 'a\u001b[2J\u001b]0;owned\u0007\r\u202eb\nc\u009b1m' };
    const tickets = {
      listTickets: async () => ({ tickets: [hostile], nextPageToken: '' }),
      getTicket: async () => hostile,
    };
    for (const words of [
      ['tickets', 'list'],
      ['tickets', 'show', '1'],
    ]) {
      const { stdout } = await cli(words, { tickets });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(stdout).toContain('a·[2J·]0;owned···b c·1m');
    }
  });
});

describe('tickets show', () => {
  const tickets = { getTicket: async () => ticket };

  test('prints the ticket, its deadlines and the conversation', async () => {
    const { stdout, calls } = await cli(['tickets', 'show', '20261122001'], { tickets });
    expect(calls['getTicket']).toEqual([{ id: '20261122001' }]);
    expect(stdout).toMatch(/ticket +20261122001 Smoke from the battery/);
    expect(stdout).toMatch(/first response +due .*, met /);
    expect(stdout).toMatch(/resolution +due .*, overdue by 10 min/);
    expect(stdout).toMatch(
      /from 王小明 \(email\)\n {3}It smokes\.\n {3}What shall I do\?\n {3}\[battery\.jpg, image\/jpeg, 48213 bytes\]/,
    );
    expect(stdout).toMatch(/reply by Anna \(email, failed: mailbox full\)\n {3}Unplug it\./);
  });

  test('of a review its stars are printed each time it was written, and that anyone can read it', async () => {
    const mail = ticket.entries[0];
    const review = (subject: string, text: string) => ({
      ...mail,
      text,
      subject,
      visibility: 2 as const,
      messageKind: 2 as const,
    });
    const entries = [review('★☆☆☆☆ Smoke', 'It smokes.'), review('★★★★★ Solved', 'They came at once.')];
    const { stdout } = await cli(['tickets', 'show', '1'], {
      tickets: { getTicket: async () => Ticket.fromPartial({ ...ticket, entries }) },
    });
    expect(stdout).toMatch(/\(email, public\)\n {3}★☆☆☆☆ Smoke\n {3}It smokes\./);
    expect(stdout).toMatch(/\n {3}★★★★★ Solved\n {3}They came at once\./);
  });

  test('--json prints the ticket as the contract has it', async () => {
    const { stdout } = await cli(['tickets', 'show', '1', '--json'], { tickets });
    expect(Ticket.fromJSON(JSON.parse(stdout))).toEqual(ticket);
  });

  test('history reads every page and words every change', async () => {
    const events = Array.from({ length: 1001 }, (_, index) =>
      TicketEvent.fromJSON({ sequence: index + 1, resolved: { solution: 'new battery' }, actor: { id: 'anna' } }),
    );
    const listEvents = async ({ afterSequence }: { afterSequence: bigint }) => ({
      events: events.slice(Number(afterSequence), Number(afterSequence) + 1000),
    });
    const { stdout, calls } = await cli(['tickets', 'history', '1'], { tickets: { listEvents } });
    expect(calls['listEvents']).toHaveLength(2);
    expect(stdout.trim().split('\n')).toHaveLength(1002);
    expect(stdout).toContain('resolved: new battery');
  });
});

describe('changing a ticket', () => {
  const changed = async () => ticket;
  const tickets = {
    reply: changed,
    addNote: changed,
    assign: changed,
    escalate: changed,
    setPending: changed,
    resolve: changed,
    reopen: changed,
    close: changed,
    call: changed,
  };
  const about = {
    ticketId: '7',
    context: { commandId: 'id-1', actor: { kind: 1, id: 'dev', displayName: '' }, expectedVersion: 0n },
  };

  test.each([
    [['reply', '7', '--text', 'Hello'], 'reply', { text: 'Hello', html: '', attachments: [], visibility: 0 }],
    [['note', '7', '--text', 'Hm'], 'addNote', { text: 'Hm', attachments: [] }],
    [['assign', '7', '--to', 'ben'], 'assign', { ownerId: 'ben' }],
    [['assign', '7', '--unassign'], 'assign', { ownerId: '' }],
    [['escalate', '7', '--reason', 'hard', '--tier', '3'], 'escalate', { reason: 'hard', toTier: 3 }],
    [['escalate', '7'], 'escalate', { reason: '', toTier: 0 }],
    [['pending', '7'], 'setPending', { until: undefined, reason: '' }],
    [['pending', '7', '--until', '2h'], 'setPending', { until: new Date('2026-11-22T11:00:00Z'), reason: '' }],
    [['resolve', '7', '--solution', 'done'], 'resolve', { solution: 'done' }],
    [['reopen', '7', '--reason', 'not yet'], 'reopen', { reason: 'not yet' }],
    [['close', '7'], 'close', {}],
    [['call', '7'], 'call', { phoneNumber: '' }],
  ])('%j sends one command with a new id and the actor', async (words, method, fields) => {
    const { exitCode, stdout, calls } = await cli(['tickets', ...words], { tickets });
    expect(calls).toEqual({ [method]: [{ ...about, ...fields }] });
    expect(stdout).toBe('Ticket 20261122001 is open, owned by anna (version 5).\n');
    expect(exitCode).toBe(0);
  });

  test('whoever is named by --as is rung, at any number', async () => {
    const words = 'tickets call 7 --as anna --number +4930123456';
    const { calls } = await cli(words.split(' '), { tickets });
    expect(calls['call']).toMatchObject([{ context: { actor: { id: 'anna' } }, phoneNumber: '+4930123456' }]);
  });

  test('actor, its name, command id and version can be given', async () => {
    const words = 'tickets close 7 --actor anna --actor-name Anna --command-id again --if-version 5 --json';
    const { calls, stdout } = await cli(words.split(' '), { tickets });
    expect(calls['close']).toMatchObject([
      { context: { commandId: 'again', actor: { id: 'anna', displayName: 'Anna' }, expectedVersion: 5n } },
    ]);
    expect(JSON.parse(stdout).id).toBe('ticket-1');
    const fromEnvironment = await cli(['tickets', 'close', '7'], { tickets, environment: { TRIBUTARY_ACTOR: 'eve' } });
    expect(fromEnvironment.calls['close']).toMatchObject([{ context: { actor: { id: 'eve' } } }]);
  });

  test("a text of '-' is read from standard input", async () => {
    const { calls } = await cli(['tickets', 'reply', '7', '--text', '-'], { tickets, stdin: 'Hello\nthere\n' });
    expect(calls['reply']).toMatchObject([{ text: 'Hello\nthere' }]);
  });
});

describe('what fails', () => {
  const failing = (error: Error) => ({
    tickets: { getTicket: () => Promise.reject(error), close: () => Promise.reject(error) },
  });

  test.each([
    [notFound('there is no ticket 9'), 3, 'Not found: there is no ticket 9'],
    [
      failedPrecondition('a closed ticket cannot be resolved'),
      5,
      'Not possible now: a closed ticket cannot be resolved',
    ],
    [new StatusError(10, 'version is 7'), 5, 'It has changed in the meantime: version is 7'],
    [new StatusError(4, 'x'), 4, 'did not answer in time'],
    [new StatusError(14, 'No connection established'), 4, 'Is Tributary running? (npm start)'],
    [new StatusError(14, 'the log is away'), 4, 'cannot do that now: the log is away'],
    [new StatusError(13, 'internal error, reference 1'), 1, 'internal error, reference 1'],
    [new Error('boom'), 1, 'boom'],
  ])('%s', async (error, code, text) => {
    const { exitCode, stderr, stdout } = await cli(['tickets', 'show', '9'], failing(error));
    expect(exitCode).toBe(code);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
  });

  const invalid = invalidArgument(
    { field: 'context.actor.id', description: 'must not be empty' },
    { field: 'text', description: 'at most 100,000 characters' },
  );

  test('a bad request names every field', async () => {
    const { exitCode, stderr } = await cli(['tickets', 'close', '9'], failing(invalid));
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      'The request is not valid:\n  context.actor.id: must not be empty\n  text: at most 100,000 characters\n',
    );
  });

  test('with --json the error is JSON on standard error', async () => {
    const { stderr, stdout } = await cli(['tickets', 'close', '9', '--json'], failing(invalid));
    expect(stdout).toBe('');
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      exitCode: 2,
      violations: invalid.violations,
    });
  });

  test('after a lost answer it says how to repeat the command safely', async () => {
    const { stderr } = await cli(['tickets', 'close', '9'], failing(new StatusError(4, 'x')));
    expect(stderr).toContain('--command-id id-1 is safe');
    const refused = await cli(['tickets', 'close', '9'], failing(new StatusError(14, 'No connection established')));
    expect(refused.stderr).not.toContain('--command-id');
  });
});

describe('tickets typing', () => {
  test('tells the customer that the actor types or has stopped, and prints nothing', async () => {
    const tickets = { signalTyping: async () => ({}) };
    const line = ['tickets', 'typing', '20261122001', '--actor', 'mei', '--actor-name', 'Mei'];
    const typing = await cli(line, { tickets });
    expect(typing).toMatchObject({ exitCode: 0, stdout: '' });
    const actor = { kind: 1, id: 'mei', displayName: 'Mei' };
    expect(typing.calls['signalTyping']).toEqual([{ ticketId: '20261122001', actor, active: true }]);
    const stopped = await cli([...line, '--stopped', '--json'], { tickets });
    expect(stopped.stdout).toBe('{}\n');
    expect(stopped.calls['signalTyping']).toEqual([{ ticketId: '20261122001', actor, active: false }]);
  });
});
