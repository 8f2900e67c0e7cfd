import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory, cachedFolder } from './cache.ts';
import { findProgram } from './find-program.ts';
import { runCommand } from './run-command.ts';
import { CannotProvide, orUnavailable, type Report, type Unavailable } from './running-server.ts';

/** Implementations of the providers' signatures that have no line in common with ours, each pinned. */
const packages = ['wechatpy==1.8.18', 'cryptography==50.0.2', 'twilio==9.13.0', 'standardwebhooks==1.1.0'];

/** Runs a script in which `given` is the input; what it leaves in `result` comes back. Both as JSON has them. */
export type RunPython = (script: string, given: unknown) => Promise<unknown>;

/** A Python that has wechatpy, twilio and standardwebhooks, in a folder of the cache; about 30 s the first time. */
export function findSignaturePython(report: Report): Promise<RunPython | Unavailable> {
  return orUnavailable(async () => {
    const python = findProgram('python3');
    if (python === undefined) throw new CannotProvide('Checking signatures with other implementations needs python3.');
    const folder = await cachedFolder(cacheDirectory(), 'python-signatures-1', async (empty) => {
      report('Installing wechatpy, twilio and standardwebhooks from PyPI, about 30 s …');
      await runCommand(python, ['-m', 'venv', empty]);
      await runCommand(join(empty, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
    });
    const program = join(folder, 'bin', 'python');
    return async (script, given) => {
      const whole = `import json, sys\ngiven = json.loads(sys.argv[1])\n${script}\nprint(json.dumps(result))`;
      const { stdout } = await promisify(execFile)(program, ['-c', whole, JSON.stringify(given)]);
      return JSON.parse(stdout);
    };
  });
}
