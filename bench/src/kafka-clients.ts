import kafkajs, { type Kafka } from 'kafkajs';

/** kafkajs as its documentation shows it, with the partitioner that our own producer uses. */
export function bareKafka(brokers: string): Kafka {
  return new kafkajs.Kafka({
    clientId: 'bare',
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

export const bareProducer = {
  allowAutoTopicCreation: false,
  createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
} as const;
