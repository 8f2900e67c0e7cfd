import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

/** What a process says that begins as a service's and goes on with `then`, and its exit code. */
async function begun(then: string, environment: Record<string, string> = { KAFKA_BROKERS: 'there:9092' }) {
  const program = `
    import { beginProcess } from '${new URL('./index.ts', import.meta.url)}';
    const process = beginProcess('ticketing');
    ${then}`;
  const options = ['--conditions=@tributary/source', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, options, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { said: said.trimEnd().split('\n'), code };
}

test.each([
  [`await Promise.reject(new Error('documents from the future'));`, 'documents from the future'],
  [`setTimeout(() => { throw new Error('a fault'); });`, 'a fault'],
])('what fails before the service runs is one log line, and exit code 1: %s', async (then, message) => {
  const { said, code } = await begun(then);
  expect(said.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 60, name: 'ticketing', err: expect.objectContaining({ message }) }),
  ]);
  expect(code).toBe(1);
});

test('so is a wrong environment', async () => {
  const { said, code } = await begun('', {});
  expect(said).toHaveLength(1);
  expect(JSON.parse(said[0] as string).err.message).toContain('KAFKA_BROKERS');
  expect(code).toBe(1);
});
