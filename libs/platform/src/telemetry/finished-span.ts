import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type HrTime, type SpanContext } from '@opentelemetry/api';
import { hrTimeDuration, hrTimeToMilliseconds } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { FinishedSpan } from '@tunesmith/contracts';

const kinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const;
const statuses = ['unset', 'ok', 'error'] as const;

/** A finished span as data: what SpansFinished carries and what a worker sends to its parent. */
export function finishedSpanOf(span: ReadableSpan, service: string): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  const parentSpanId = span.parentSpanContext?.spanId;
  return {
    traceId, spanId, ...(parentSpanId ? { parentSpanId } : {}),
    links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
    name: span.name, kind: kinds[span.kind] ?? 'internal', service,
    startTime: hrTimeToMilliseconds(span.startTime), endTime: hrTimeToMilliseconds(span.endTime),
    status: statuses[span.status.code] ?? 'unset', ...(span.status.message ? { statusMessage: span.status.message } : {}),
    attributes: Object.fromEntries(Object.entries(span.attributes).filter((entry): entry is [string, NonNullable<(typeof entry)[1]>] => entry[1] !== undefined)) as FinishedSpan['attributes'],
  };
}

/** The way back, so that spans of workers and roots of runs go through the same exporters as all others. */
export function readableSpanOf(span: FinishedSpan, resource: Resource): ReadableSpan {
  const context = (spanId: string): SpanContext => ({ traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED });
  const [startTime, endTime] = [highResolution(span.startTime), highResolution(span.endTime)];
  const status = { code: statuses.indexOf(span.status) as SpanStatusCode, ...(span.statusMessage ? { message: span.statusMessage } : {}) };
  return {
    name: span.name, kind: Math.max(0, kinds.indexOf(span.kind as (typeof kinds)[number])) as SpanKind,
    spanContext: () => context(span.spanId), ...(span.parentSpanId ? { parentSpanContext: context(span.parentSpanId) } : {}),
    startTime, endTime, duration: hrTimeDuration(startTime, endTime), status, ended: true, resource,
    attributes: span.attributes as Attributes, events: [],
    links: span.links.map((link) => ({ context: { ...link, traceFlags: TraceFlags.SAMPLED } })),
    instrumentationScope: { name: 'tunesmith' }, droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0,
  };
}

function highResolution(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
