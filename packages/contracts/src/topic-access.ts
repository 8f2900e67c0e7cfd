import { deadLetterTopic, topics } from './topics.ts';

/** What one service may do on the log, and needs to. */
export interface TopicAccess {
  readonly service: string;
  /** Appends to these. */
  readonly writes: readonly string[];
  /** Reads these as a member of a group that commits; what it cannot handle goes to their dead letters. */
  readonly consumes: readonly { readonly topic: string; readonly groups: readonly string[] }[];
  /** Reads these along, in a group of its own that commits nothing. */
  readonly tails: readonly string[];
}

const { inbound, mentions, outbound, delivery, signals, ticketEvents, decisions, offers, channels } = topics;
/** Groups of `tail` are called `tail-` and something random. */
const tailGroupPrefix = 'tail-';

/** What packages/gateway-kit does for every channel, and what a gateway does beside it. */
function gateway(service: string, channelNames: readonly string[], more: Partial<TopicAccess> = {}): TopicAccess {
  const { writes = [], consumes = [], tails = [] } = more;
  const sends = { topic: outbound.name, groups: channelNames.map((channel) => `gateway-${channel}`) };
  return {
    service,
    writes: [inbound.name, deadLetterTopic(inbound.name), delivery.name, channels.name, ...writes],
    consumes: [sends, ...consumes],
    tails,
  };
}

/** Least privilege: every service, its topics and its groups. `tributary topics acls` prints the ACLs, docs/security.md the table. */
export const topicAccess: readonly TopicAccess[] = [
  gateway('gateway-email', ['email']),
  gateway('gateway-chat', ['chat'], { writes: [signals.name], tails: [inbound.name, delivery.name, signals.name] }),
  gateway('gateway-phone', ['phone', 'sms', 'whatsapp'], {
    writes: [signals.name],
    consumes: [{ topic: offers.name, groups: ['gateway-phone-offers'] }],
  }),
  gateway('gateway-social', ['telegram', 'webhook', 'wechat', 'weibo', 'app-store', 'google-play', 'feeds'], {
    writes: [signals.name, mentions.name],
    tails: [signals.name],
  }),
  {
    service: 'router',
    writes: [decisions.name, offers.name],
    consumes: [
      { topic: inbound.name, groups: ['router'] },
      { topic: ticketEvents.name, groups: ['router-tickets'] },
      { topic: signals.name, groups: ['router-signals'] },
    ],
    tails: [offers.name],
  },
  {
    service: 'ticketing',
    writes: [ticketEvents.name, outbound.name, signals.name],
    consumes: [{ topic: delivery.name, groups: ['ticketing'] }],
    tails: [channels.name],
  },
  {
    service: 'console',
    writes: [],
    consumes: [],
    tails: [inbound.name, decisions.name, ticketEvents.name, outbound.name, delivery.name],
  },
];

/** One permission in Kafka's terms; whoever may READ or WRITE may DESCRIBE. */
export interface TopicAcl {
  readonly service: string;
  readonly resource: 'topic' | 'group';
  readonly name: string;
  /** True: of every name that begins so. */
  readonly isPrefix: boolean;
  readonly operation: 'read' | 'write';
}

/** The ACLs that give each service what it needs and nothing else. */
export function topicAcls(access: readonly TopicAccess[] = topicAccess): TopicAcl[] {
  return access.flatMap(({ service, writes, consumes, tails }) => {
    const read = [...new Set([...consumes.map(({ topic }) => topic), ...tails])];
    const write = [...new Set([...writes, ...consumes.map(({ topic }) => deadLetterTopic(topic))])];
    const groups = consumes.flatMap((consumed) => consumed.groups);
    const acl =
      (resource: TopicAcl['resource'], operation: TopicAcl['operation'], isPrefix = false) =>
      (name: string) => ({
        ...{ service, resource, name, isPrefix, operation },
      });
    return [
      ...read.map(acl('topic', 'read')),
      ...write.map(acl('topic', 'write')),
      ...groups.map(acl('group', 'read')),
      ...(tails.length === 0 ? [] : [tailGroupPrefix].map(acl('group', 'read', true))),
    ];
  });
}

/** The lines of docs/security.md's table. */
export function topicAccessTable(): string {
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ') || '–';
  const rows = topicAccess.map(({ service, writes, consumes, tails }) => {
    const groups = consumes.map(({ topic, groups: members }) => `\`${topic}\` as ${code(members)}`).join('; ') || '–';
    return `| ${service} | ${code(writes)} | ${groups} | ${code(tails)} |`;
  });
  return ['| service | appends to | consumes | reads along |', '|---|---|---|---|', ...rows].join('\n');
}
