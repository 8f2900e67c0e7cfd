import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextOf, type OutboundMessage } from '@tributary/contracts';
import type { OutboundRow } from './outbound-rows.ts';
import { AccountUnavailableError, PermanentSendError, RetryLaterError, UncertainSendError } from './send-errors.ts';

const tracer = trace.getTracer('@tributary/gateway-kit');
const meter = metrics.getMeter('@tributary/gateway-kit');

// Labels are channels and the kinds of failures: both are named in code.
const received = meter.createCounter('tributary.messages.received', {
  description: 'Customer messages taken over durably',
  unit: '{message}',
});
const sent = meter.createCounter('tributary.messages.sent', {
  description: 'Messages to customers, by how the sending ended: sent, failed, uncertain',
  unit: '{message}',
});
const providerErrors = meter.createCounter('tributary.provider.errors', {
  description: 'Tries that a provider refused or did not answer, by kind',
  unit: '{error}',
});
const refusedWebhooks = meter.createCounter('tributary.webhooks.not_taken', {
  description: 'Provider requests answered with an error, by HTTP status',
  unit: '{request}',
});

/** Shows a channel's counters from the start: Prometheus sees no increase in what appears with its first count. */
export function showChannel(channel: string): void {
  received.add(0, { 'tributary.channel': channel });
  for (const outcome of ['sent', 'failed', 'uncertain'])
    sent.add(0, { 'tributary.channel': channel, 'tributary.outcome': outcome });
  refusedWebhooks.add(0, { 'tributary.channel': channel, 'http.response.status_code': 503 });
}

export function countReceived(channel: string): void {
  received.add(1, { 'tributary.channel': channel });
}

export function countSent(channel: string, outcome: string): void {
  sent.add(1, { 'tributary.channel': channel, 'tributary.outcome': outcome });
}

export function countNotTaken(channel: string, status: number): void {
  refusedWebhooks.add(1, { 'tributary.channel': channel, 'http.response.status_code': status });
}

/** One try to send, in the trace of what the message answers. */
export function traceTry<T>(channel: string, row: OutboundRow, message: OutboundMessage, work: () => Promise<T>) {
  const attributes = {
    'tributary.channel': channel,
    'tributary.message.id': message.id,
    'tributary.ticket.id': row.ticketId,
    'tributary.attempt': row.attempts + 1,
  };
  return tracer.startActiveSpan(
    `deliver ${channel}`,
    { kind: SpanKind.CLIENT, attributes },
    contextOf(row.traceparent),
    async (span): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        const kind = kindOf(error);
        providerErrors.add(1, { 'tributary.channel': channel, 'error.type': kind });
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', kind);
        throw error;
      } finally {
        span.end();
      }
    },
  );
}

function kindOf(error: unknown): string {
  if (error instanceof PermanentSendError) return 'permanent';
  if (error instanceof UncertainSendError) return 'uncertain';
  if (error instanceof AccountUnavailableError) return 'account_unavailable';
  return error instanceof RetryLaterError ? 'retry_later' : 'other';
}
