import { context, defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace, type Context, type SpanContext } from '@opentelemetry/api';
import { TraceState, W3CTraceContextPropagator } from '@opentelemetry/core';

/** Trace context as it travels in message headers, table columns and IPC: lower-case W3C names. */
export interface TraceCarrier {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

const propagator = new W3CTraceContextPropagator();
/** Our entry in tracestate: the span id of the run's root, so that late work can hang below it instead of below a span long gone. */
const rootKey = 'tunesmith';

/** The active span as a carrier; undefined where there is none. */
export function activeCarrier(active: Context = context.active()): TraceCarrier | undefined {
  const headers: Record<string, string> = {};
  propagator.inject(active, headers, defaultTextMapSetter);
  const { traceparent, tracestate } = headers;
  return traceparent === undefined ? undefined : { traceparent, ...(tracestate ? { tracestate } : {}) };
}

/** The context that the carrier describes; the root context where it describes none. */
export function contextOf(carrier: TraceCarrier | undefined): Context {
  if (!carrier) return ROOT_CONTEXT;
  return propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}

/** A carrier whose span is the root of a run: everything below can find its way back to it. */
export function rootCarrier(traceparent: string): TraceCarrier {
  return { traceparent, tracestate: new TraceState().set(rootKey, traceparent.split('-')[2] ?? '').serialize() };
}

/** The root span of the run that a span belongs to, where it is known and another span. */
export function rootOf(span: SpanContext): SpanContext | undefined {
  const spanId = span.traceState?.get(rootKey);
  if (!spanId || !/^[0-9a-f]{16}$/.test(spanId) || spanId === span.spanId) return undefined;
  return { ...span, spanId, isRemote: true };
}

/** Beyond this a message or job has waited too long to be a child of the span that sent it. */
const longWait = 60_000;

/**
 * How work continues the trace of what caused it. After a long wait the cause becomes a link and the run's root the
 * parent, so that a job of hours is not drawn inside a request of milliseconds, and the run stays one trace.
 */
export function continuation(carrier: TraceCarrier | undefined, waitedMilliseconds: number): { parent: Context; links: { context: SpanContext }[] } {
  const parent = contextOf(carrier);
  const cause = trace.getSpanContext(parent);
  if (!cause || waitedMilliseconds <= longWait) return { parent, links: [] };
  const root = rootOf(cause);
  return { parent: root ? trace.setSpanContext(ROOT_CONTEXT, root) : ROOT_CONTEXT, links: [{ context: cause }] };
}
