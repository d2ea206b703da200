import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';

export interface Exporters {
  readonly spans: SpanProcessor;
  readonly meters: MeterProvider;
}

/** Sends spans and metrics to an OTLP/HTTP collector, `endpoint` being its base URL. */
export function otlpExporters(endpoint: string): (resource: Resource) => Exporters {
  return (resource) => ({
    spans: new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }), scheduledDelayMillis: 1000 }),
    meters: new MeterProvider({
      resource,
      readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }), exportIntervalMillis: 10_000, exportTimeoutMillis: 5000 })],
    }),
  });
}
