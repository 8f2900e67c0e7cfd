import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

/** Takes what processes send over OTLP as JSON and keeps it. */
export async function startOtlpCollector() {
  const spans: SeenSpan[] = [];
  const metricNames = new Set<string>();
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      bodies.push(text);
      const body = JSON.parse(text);
      for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
        const service = record(resource.attributes)['service.name'] ?? '';
        for (const { scope, spans: some } of scopeSpans)
          for (const { name, traceId, links = [], attributes = [] } of some)
            spans.push({
              service,
              scope: scope.name,
              name,
              traceId,
              links: links.map((link: { traceId: string }) => link.traceId),
              attributes: record(attributes),
            });
      }
      for (const { scopeMetrics } of body.resourceMetrics ?? [])
        for (const { metrics } of scopeMetrics) for (const { name } of metrics) metricNames.add(name);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    spans,
    metricNames,
    /** Everything that was sent, logs too. */
    text: () => bodies.join('\n'),
    /** For processes that are to send here at once. */
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_METRIC_EXPORT_TIMEOUT: '400',
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function record(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
