import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';

/** The W3C `traceparent` of what runs now. Undefined outside of any trace. */
export function activeTraceparent(): string | undefined {
  if (trace.getActiveSpan() === undefined) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'];
}

/** The context that goes on with a trace; one without a trace when it is absent or malformed. */
export function contextOf(traceparent: string | undefined): Context {
  return traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
}
