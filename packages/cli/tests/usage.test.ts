import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/program.ts';
import { cli } from './cli.ts';

describe('usage', () => {
  test.each([
    [['tickets', 'list', '--stat', 'new'], "unknown option '--stat'", '--state', '--unassigned, --queue'],
    [['tickets', 'lst'], "unknown command 'lst'", 'list', 'list, search, show'],
    [['ticket'], "unknown command 'ticket'", 'tickets', 'tickets, explain'],
    [['tail', 'tickets.events.v1', '--form', 'start'], "unknown option '--form'", '--from', '--from, --follow'],
  ])('%j says what there is and suggests one', async (words, problem, suggestion, all) => {
    const { exitCode, stdout, stderr } = await cli(words);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(problem);
    expect(stderr).toContain(`Did you mean ${suggestion}?`);
    expect(stderr).toContain(all);
  });

  test.each([
    [['tickets', 'show'], "missing required argument 'ticket'", 'Usage: tributary tickets show [options] <ticket>'],
    [['tickets', 'show', '1', '2'], 'too many arguments', 'Usage: tributary tickets show'],
    [['tickets', 'reply', '1'], "required option '--text <text>' not specified", ''],
    [['tickets', 'list', '--state', 'lost'], "'lost' is invalid", 'new, open, pending, resolved, closed'],
    [['tickets', 'list', '--limit', '501'], "'501' is invalid", 'from 1 to 500'],
    [['tickets', 'list', '--limit', '1.5'], "'1.5' is invalid", 'whole number'],
    [['agents', 'list', '--presence', 'asleep'], "'asleep' is invalid", 'online, away, offline'],
    [['tickets', 'assign', '1'], 'assign needs --to <agent> or --unassign', ''],
    [['tickets', 'assign', '1', '--to', 'a', '--unassign'], 'cannot be used with', ''],
    [['tickets', 'pending', '1', '--until', 'soon'], "--until: 'soon' is neither", 'duration'],
    [['tickets', 'list', '--timeout', 'long'], "'long' is invalid", 'such as 500ms'],
    [['dlq', 'replay', 'messages.inbound.v1'], 'either ids or --all', ''],
    [['send', 'email', '--text', 'x', '--smtp', 'nowhere'], "'nowhere' is not host:port", ''],
    [['send', 'chat', '--text', 'x', '--url', 'nowhere'], "'nowhere' is not an http", ''],
    [['send', 'email', '--text', 'x', '--attach', 'no-such-file.txt'], 'no-such-file.txt', '--attach'],
  ])('%j is refused with the reason', async (words, problem, allowed) => {
    const { exitCode, stdout, stderr } = await cli(words);
    expect(stderr).toContain(problem);
    expect(stderr).toContain(allowed);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
  });

  test('help goes to standard output and tells exit codes and environment', async () => {
    const { exitCode, stdout } = await cli(['--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Exit codes:[\s\S]*3 +no such ticket[\s\S]*TICKETING_ADDRESS[\s\S]*Examples:/);
  });

  test('every command describes itself and has help', async () => {
    const names: string[][] = [];
    const visit = (command: ReturnType<typeof createProgram>, path: string[]) => {
      if (path.length > 0) names.push(path);
      for (const child of command.commands) visit(child as ReturnType<typeof createProgram>, [...path, child.name()]);
    };
    visit(createProgram({ environment: {}, userName: 'dev' } as never), []);
    expect(names.length).toBeGreaterThan(25);
    for (const path of names) {
      const { exitCode, stdout } = await cli([...path, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`Usage: tributary ${path.join(' ')}`);
      expect(stdout.split('\n')[2], path.join(' ')).not.toBe('');
      expect(stdout).toContain('--json');
    }
  });
});
