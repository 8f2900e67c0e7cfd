export interface KafkaPlace {
  /** What clients are told to connect to. */
  readonly host: string;
  readonly port: number;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly controllerPort: number;
}

/**
 * One node that is broker and controller, set up for tests: small internal topics, groups that start at once, no topic
 * that comes into being by a typing error. Kafka itself never flushes; what it acknowledged survives a SIGKILL in the
 * system's page cache.
 */
export function kafkaSettings(place: KafkaPlace): Record<string, string> {
  const { host, port, listenHost, listenPort, controllerPort } = place;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${listenHost}:${listenPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '4',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'num.partitions': '8',
    // A broker that comes back after a SIGKILL is refused until its former session has run out.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // Tests make many small topics; the default reserves 10 MB of index for each partition.
    'log.index.size.max.bytes': '262144',
    'log.cleaner.dedupe.buffer.size': '16777216',
  };
}

/** As a `server.properties` file. */
export function asProperties(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** As the environment variables that the image apache/kafka reads. */
export function asKafkaEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  );
}
