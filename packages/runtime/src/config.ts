import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

/** The environment does not fit; `message` lists every wrong variable with what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a typed configuration from the environment. `NAME_FILE` stands for `NAME` with the file's content (secrets).
 * @throws ConfigError naming every variable that is wrong, at once.
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<z.ZodObject<Shape>> {
  const values: Record<string, string> = {};
  const errors: string[] = [];
  for (const name of Object.keys(shape)) {
    const file = environment[`${name}_FILE`];
    const value = environment[name];
    if (file !== undefined) {
      try {
        values[name] = readFileSync(file, 'utf8').trimEnd();
      } catch (error) {
        errors.push(`${name}_FILE: ${(error as Error).message}`);
      }
    } else if (value !== undefined && value !== '') values[name] = value;
  }
  const parsed = z.object(shape).safeParse(values);
  if (!parsed.success) errors.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  if (errors.length > 0 || !parsed.success) throw new ConfigError(`Configuration is wrong:\n  ${errors.join('\n  ')}`);
  return parsed.data as z.infer<z.ZodObject<Shape>>;
}

/**
 * The value of a variable that holds YAML (or JSON) itself, beginning with a list, or the path of such a file.
 * @throws ConfigError naming the variable when it cannot be read.
 */
export function readYaml(name: string, text: string): unknown {
  try {
    return parseYaml(/^\s*[[-]/.test(text) ? text : readFileSync(text, 'utf8'));
  } catch (error) {
    throw new ConfigError(`Configuration is wrong:\n  ${name}: ${(error as Error).message}`);
  }
}
