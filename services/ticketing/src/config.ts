import { readConfig } from '@tributary/runtime';
import { IANAZone } from 'luxon';
import { z } from 'zod';

export interface TicketingConfig {
  /** IANA time zone in which a ticket number's day is counted. */
  readonly timeZone: string;
  /** Channels on which the customer waits for the answer and whose conversation key only their session holds. */
  readonly liveChannels: readonly string[];
  /** Channels on which a public message is answered under it with an invitation to write privately, and continued there. */
  readonly publicFirstChannels: readonly string[];
  /** The types of ticket that get that invitation; what is asked or wished in public may be answered there. */
  readonly publicFirstTypes: readonly TicketType[];
  /** Folder of `<language>.yaml`. Undefined: the templates that come with the service. */
  readonly templateFolder?: string | undefined;
  /** Language of acknowledgements in a language that has no template. */
  readonly defaultLanguage: string;
  /** Most acknowledgements one sender gets in an hour. */
  readonly acknowledgementsPerHour: number;
}

const ticketTypes = ['hardware_fault', 'software_bug', 'usage_question', 'complaint', 'suggestion'] as const;
type TicketType = (typeof ticketTypes)[number];

/** Comma-separated. */
function names(standard: string) {
  return z
    .string()
    .default(standard)
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    );
}

const shape = {
  TIME_ZONE: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'must be an IANA time zone, for example Asia/Shanghai')
    .default('UTC'),
  LIVE_CHANNELS: names('chat,phone'),
  PUBLIC_FIRST_CHANNELS: names('webhook,weibo'),
  PUBLIC_FIRST_TYPES: names('hardware_fault,software_bug,complaint').pipe(
    z.array(z.enum(ticketTypes, { error: `must be of ${ticketTypes.join(', ')}` })),
  ),
  TEMPLATE_DIR: z.string().optional(),
  DEFAULT_LANGUAGE: z.string().min(2, 'must be a language with a template, for example en').default('en'),
  ACKNOWLEDGEMENTS_PER_HOUR: z.coerce
    .number({ error: 'must be a number' })
    .int('must be a whole number')
    .min(0, 'must be 0 or more')
    .max(1000, 'must be 1000 or less')
    .default(5),
};

/** @throws ConfigError naming every variable that is wrong. */
export function readTicketingConfig(environment: Readonly<Record<string, string | undefined>>): TicketingConfig {
  const values = readConfig(shape, environment);
  return {
    timeZone: values.TIME_ZONE,
    liveChannels: values.LIVE_CHANNELS,
    publicFirstChannels: values.PUBLIC_FIRST_CHANNELS,
    publicFirstTypes: values.PUBLIC_FIRST_TYPES,
    templateFolder: values.TEMPLATE_DIR,
    defaultLanguage: values.DEFAULT_LANGUAGE,
    acknowledgementsPerHour: values.ACKNOWLEDGEMENTS_PER_HOUR,
  };
}
