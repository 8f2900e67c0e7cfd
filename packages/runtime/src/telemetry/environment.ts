type Environment = Readonly<Record<string, string | undefined>>;

const signals = ['TRACES', 'METRICS', 'LOGS'] as const;

/**
 * True when OpenTelemetry's own variables name somewhere to send traces, metrics or logs to: an OTLP endpoint, or an exporter
 * other than `none`.
 */
export function wantsTelemetry(environment: Environment): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  return hasEndpoint(environment) || signals.some((signal) => (exporterOf(environment, signal) ?? 'none') !== 'none');
}

/**
 * The exporters of the signals that the environment says nothing of: OTLP where it has an endpoint, otherwise none; the SDK's own
 * default would knock at localhost for ever.
 */
export function defaultExporters(environment: Environment): Record<string, string> {
  const missing = signals.filter((signal) => exporterOf(environment, signal) === undefined);
  return Object.fromEntries(
    missing.map((signal) => [`OTEL_${signal}_EXPORTER`, hasEndpoint(environment, signal) ? 'otlp' : 'none']),
  );
}

function exporterOf(environment: Environment, signal: (typeof signals)[number]): string | undefined {
  return environment[`OTEL_${signal}_EXPORTER`] || undefined;
}

function hasEndpoint(environment: Environment, ...of: (typeof signals)[number][]): boolean {
  const names = (of.length === 0 ? signals : of).map((signal) => `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', ...names].some((name) => Boolean(environment[name]));
}
