import { portNumber, readConfig } from '@tributary/runtime';
import { z } from 'zod';

export interface ConsoleConfig {
  /** Whether the page shows messages as they come. */
  readonly feed: boolean;
  /** Names, beside localhost and IP addresses, under which a browser may reach the page. */
  readonly hosts: readonly string[];
  /** The chat gateway's public URL without a slash at the end. Empty: the same address as the page. */
  readonly chatUrl: string;
  /** Undefined: no mail server listens. */
  readonly smtpPort: number | undefined;
  readonly grpcPort: number;
  /** The address that mails are written to in the examples. */
  readonly supportAddress: string;
  /** Where the simulators of providers are, by the provider's name. */
  readonly simulators: Readonly<Record<string, string>>;
}

const simulatorUrls = z.record(z.string().regex(/^[a-z-]+$/), z.url({ protocol: /^http$/ }));

const shape = {
  KAFKA_BROKERS: z.string().optional(),
  CONSOLE_FEED: z.enum(['on', 'off'], { error: "must be 'on' or 'off'" }).optional(),
  CONSOLE_HOSTS: z.string().default(''),
  CHAT_URL: z
    .union([z.literal(''), z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })])
    .default(''),
  SMTP_PORT: z.union([z.literal('off'), portNumber(2525)]).default(2525),
  GRPC_PORT: portNumber(50051),
  SUPPORT_ADDRESS: z.string().default('support@tributary.local'),
  SIMULATORS: z
    .string()
    .default('{}')
    .transform((text, context) => {
      const parsed = simulatorUrls.safeParse(parsedJson(text));
      if (parsed.success) return parsed.data;
      context.addIssue({
        code: 'custom',
        message: 'must be a JSON object of http:// URLs by the name of the provider',
      });
      return z.NEVER;
    }),
};

/** @throws ConfigError naming every variable that is wrong. */
export function readConsoleConfig(environment: Readonly<Record<string, string | undefined>>): ConsoleConfig {
  const values = readConfig(shape, environment);
  return {
    // The feed shows customers' words to whoever opens the page: on only where the whole of it is one's own machine.
    feed: values.CONSOLE_FEED === undefined ? values.KAFKA_BROKERS === undefined : values.CONSOLE_FEED === 'on',
    hosts: values.CONSOLE_HOSTS.split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
    chatUrl: values.CHAT_URL.replace(/\/+$/, ''),
    smtpPort: values.SMTP_PORT === 'off' ? undefined : values.SMTP_PORT,
    grpcPort: values.GRPC_PORT,
    supportAddress: values.SUPPORT_ADDRESS,
    simulators: values.SIMULATORS,
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
