// Brings the topics at KAFKA_BROKERS to what the contracts of this release declare, as `tributary topics apply` does, then ends.
// Every service's image carries it, so that topics and services are of one release. It may run any number of times, and twice at once.
import { allTopics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { connectionSettings, createLogger, readConfig } from '@tributary/runtime';

const { KAFKA_BROKERS, LOG_LEVEL } = connectionSettings;
const settings = readConfig({ KAFKA_BROKERS, LOG_LEVEL }, process.env);
const logger = createLogger('prepare', settings.LOG_LEVEL);

await using log = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'prepare', logger });
logger.info(await log.applyTopics(allTopics), 'topics are as declared');
