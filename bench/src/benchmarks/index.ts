import type { Benchmark } from '../benchmark.ts';
import { embeddedPipeline } from './embedded-pipeline.ts';
import { grpcBatch } from './grpc-batch.ts';
import { httpIntake } from './http-intake.ts';
import { kafkaAppend } from './kafka-append.ts';
import { mailbox } from './mailbox.ts';
import { ownerLatency } from './owner-latency.ts';
import { scalePipeline } from './scale-pipeline.ts';
import { serviceMemory } from './service-memory.ts';
import { start } from './start.ts';
import { webhookIntake } from './webhook-intake.ts';

/** In the order of the table. */
export const benchmarks: readonly Benchmark[] = [
  httpIntake,
  webhookIntake,
  kafkaAppend,
  grpcBatch,
  embeddedPipeline,
  scalePipeline,
  ownerLatency,
  mailbox,
  start,
  serviceMemory,
];
