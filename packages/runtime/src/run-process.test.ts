import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/** A process whose service stops as `stop` says, within a grace of 200 ms. */
async function stopping(stop: string): Promise<{ code: number | null; said: string }> {
  const program = `
    import { runProcess } from '${new URL('./service.ts', import.meta.url)}';
    const alive = setInterval(() => {}, 1000);
    const service = { start: async () => console.log('ready'), stop: ${stop}, problems: () => [] };
    const logger = { info: console.log, fatal: (error) => console.log(error.message) };
    await runProcess(service, logger, { graceMs: 200 });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said === 'ready\n') child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

test('SIGTERM stops the service in order and ends the process with code 0', async () => {
  expect(await stopping('async () => console.log("stopped")')).toEqual({ code: 0, said: 'ready\nstopping\nstopped\n' });
});

test('a service that does not stop within the grace period ends with code 1 and says so', async () => {
  const { code, said } = await stopping('() => new Promise(() => {})');
  expect(code).toBe(1);
  expect(said).toContain('did not stop within 200 ms');
});
