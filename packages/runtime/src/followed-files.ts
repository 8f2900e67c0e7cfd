import { readFileSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { ConfigError } from './config.ts';
import type { Logger } from './logger.ts';

/** What some files hold, kept up to date while they change on disk. */
export interface FollowedFiles<Content> extends Disposable {
  readonly current: Content;
  /** Calls back after each change; never within the call itself. */
  onChange(listener: () => void): void;
  offChange(listener: () => void): void;
}

export interface FollowOptions<Content> {
  /** Paths by the variable that names them. */
  readonly files: Readonly<Record<string, string>>;
  /** Takes the contents in the order of `files`. What it throws on is refused. */
  parse(contents: readonly Buffer[]): Content;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 5000;

/**
 * Reads the files and looks every 5 s whether they changed: that also sees a mounted secret being swapped. What cannot be read
 * or parsed never replaces what was good before: it is logged, and tried again, for a renewal writes one file after the other.
 * @throws ConfigError when they are not good to begin with.
 */
export function followFiles<Content>({ files, parse, clock, logger }: FollowOptions<Content>): FollowedFiles<Content> {
  const names = Object.keys(files).join(', ');
  const listeners = new Set<() => void>();
  const read = () => Object.values(files).map((path) => readFileSync(path));
  const first = () => {
    try {
      const contents = read();
      return { contents, current: parse(contents) };
    } catch (error) {
      throw new ConfigError(`Configuration is wrong:\n  ${names}: ${(error as Error).message}`);
    }
  };
  let { contents, current } = first();
  let complaint: string | undefined;
  const look = () => {
    try {
      const found = read();
      if (found.some((content, index) => !content.equals(contents[index] as Buffer))) {
        current = parse(found);
        contents = found;
        logger.info({ files: names }, 'renewed files are in force');
        for (const listener of listeners) listener();
      }
      complaint = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== complaint)
        logger.warn({ files: names, err: error }, 'changed files are refused; the former stay in force');
      complaint = message;
    }
    timer = clock.setTimer(lookEveryMs, look);
  };
  let timer = clock.setTimer(lookEveryMs, look);
  return {
    get current() {
      return current;
    },
    onChange: (listener) => void listeners.add(listener),
    offChange: (listener) => void listeners.delete(listener),
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}
