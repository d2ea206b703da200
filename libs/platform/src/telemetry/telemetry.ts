import {
  context, metrics as metricsApi, ROOT_CONTEXT, SpanKind, SpanStatusCode,
  type Attributes, type Context, type Link, type Meter, type Span, type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import { RandomIdGenerator, TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { FinishedSpan } from '@tunesmith/contracts';
import { jobErrorOf } from '../errors/job-error-of.js';
import { readableSpanOf } from './finished-span.js';
import type { Exporters } from './otlp-exporters.js';
import { SpanBatcher } from './span-batcher.js';
import { activeCarrier, contextOf, rootCarrier, type TraceCarrier } from './trace-carrier.js';

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: Attributes;
  readonly links?: Link[];
  /** Default: the active span. */
  readonly parent?: Context;
}

/** The ids of a root span that ends later, perhaps in another process: store `traceparent`. */
export interface RunTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
}

export interface TelemetryOptions {
  readonly service: string;
  readonly instance: string;
  /** To a collector; without them spans go to the bus only, and metrics nowhere. */
  readonly exporters?: ((resource: Resource) => Exporters) | undefined;
}

const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/**
 * Spans and metrics of one service. Six services may share a process: each has its own tracer provider, whose resource
 * names the service; what is active in an asynchronous context is kept once per process.
 */
export class Telemetry {
  readonly meter: Meter;
  private readonly tracer: Tracer;
  private readonly resource: Resource;
  private readonly batcher: SpanBatcher;
  private readonly processors: SpanProcessor[];
  private readonly tracers: TracerProvider;
  private readonly meters: MeterProvider | undefined;
  private readonly ids = new RandomIdGenerator();

  constructor({ service, instance, exporters }: TelemetryOptions) {
    keepActiveSpans();
    this.resource = resourceFromAttributes({ 'service.name': service, 'service.namespace': 'tunesmith', 'service.instance.id': instance });
    this.batcher = new SpanBatcher(service);
    this.processors = [this.batcher];
    const collector = exporters?.(this.resource);
    if (collector) this.processors.push(collector.spans);
    this.meters = collector?.meters;
    this.tracers = new TracerProvider({ resource: this.resource, spanProcessors: this.processors });
    this.tracer = this.tracers.getTracer('tunesmith');
    this.meter = (this.meters ?? metricsApi).getMeter('tunesmith');
  }

  /** Runs `body` inside a span that ends with it; an error marks the span. */
  span<Result>(name: string, options: SpanOptions, body: (span: Span) => Promise<Result>): Promise<Result> {
    const { kind = 'internal', attributes = {}, links = [], parent = context.active() } = options;
    return this.tracer.startActiveSpan(name, { kind: kinds[kind], attributes, links }, parent, async (span) => {
      try {
        return await body(span);
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
        span.setAttribute('error.type', jobErrorOf(error).code);
        throw error;
      } finally {
        span.end();
      }
    });
  }

  /** Ids of a new trace, whose root span `finishTrace` sends when what it stands for has ended. */
  startTrace(): RunTrace {
    const [traceId, spanId] = [this.ids.generateTraceId(), this.ids.generateSpanId()];
    return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
  }

  /** Sends the root span. `failed` is a message. */
  finishTrace(root: { traceparent: string; name: string; startTime: Date; endTime: Date; failed?: string; attributes?: FinishedSpan['attributes'] }): void {
    const [, traceId = '', spanId = ''] = root.traceparent.split('-');
    this.record([{
      traceId, spanId, links: [], name: root.name, kind: 'internal', service: String(this.resource.attributes['service.name']),
      startTime: root.startTime.getTime(), endTime: root.endTime.getTime(), attributes: root.attributes ?? {},
      ...(root.failed === undefined ? { status: 'ok' as const } : { status: 'error' as const, statusMessage: root.failed }),
    }]);
  }

  /** What is sent and traced inside `body` belongs to the trace of this root span. */
  within<Result>(traceparent: string, body: () => Result): Result {
    return context.with(contextOf(rootCarrier(traceparent)), body);
  }

  /** The active span as it travels to other processes. */
  carrier(): TraceCarrier | undefined {
    return activeCarrier();
  }

  /** Takes spans that were measured elsewhere, such as in a worker, into the exporters of this service. */
  record(spans: readonly FinishedSpan[]): void {
    for (const span of spans) {
      const readable = readableSpanOf(span, this.resource);
      for (const processor of this.processors) processor.onEnd(readable);
    }
  }

  /** Where finished spans go besides OTLP; undefined holds them back. */
  sendSpansTo(sink: ((spans: FinishedSpan[]) => void) | undefined): void {
    this.batcher.connect(sink);
  }

  /** Runs `body` with no span active. */
  static untraced<Result>(body: () => Result): Result {
    return context.with(ROOT_CONTEXT, body);
  }

  async flush(): Promise<void> {
    // A collector that does not answer must not hold up anybody.
    await Promise.allSettled([this.tracers.forceFlush(), this.meters?.forceFlush()]);
  }

  async shutdown(): Promise<void> {
    await Promise.allSettled([this.tracers.shutdown(), this.meters?.shutdown()]);
  }
}

let isKept = false;

function keepActiveSpans(): void {
  if (isKept) return;
  isKept = true;
  const manager = new AsyncLocalStorageContextManager().enable();
  // Somebody else may have set one already (a test, an agent); theirs does the same.
  if (!context.setGlobalContextManager(manager)) manager.disable();
}

