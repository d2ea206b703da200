import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly service: string;
  readonly attributes: Record<string, unknown>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly service: string;
  /** Values or, of histograms, counts of the data points. */
  readonly points: readonly number[];
}

/** A receiver of OTLP over HTTP with JSON bodies: keeps what it was sent. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Value of OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly metrics: readonly ReceivedMetric[];
}

interface KeyValue { key: string; value?: Record<string, unknown> }
interface OtlpBody {
  resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { spans?: OtlpSpan[] }[] }[];
  resourceMetrics?: { resource?: { attributes?: KeyValue[] }; scopeMetrics?: { metrics?: OtlpMetric[] }[] }[];
}
interface OtlpSpan { traceId: string; spanId: string; parentSpanId?: string; name: string; attributes?: KeyValue[]; links?: { traceId: string; spanId: string }[] }
type Points = { dataPoints?: { asDouble?: number; asInt?: number | string; count?: number | string }[] };
interface OtlpMetric { name: string; gauge?: Points; sum?: Points; histogram?: Points }

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics: ReceivedMetric[] = [];
  const server = createServer((request, response) => {
    void receive(request).then(
      (body) => {
        if (request.url === '/v1/traces') spans.push(...spansOf(body));
        else if (request.url === '/v1/metrics') metrics.push(...metricsOf(body));
        response.writeHead(request.url === '/v1/traces' || request.url === '/v1/metrics' ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('expected a TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`, spans, metrics,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function receive(request: IncomingMessage): Promise<OtlpBody> {
  if (!request.headers['content-type']?.includes('application/json')) throw new Error(`expected JSON; got ${request.headers['content-type']}`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()) as OtlpBody;
}

function plain(attributes: KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value ? Object.values(value)[0] : undefined]));
}

function spansOf(body: OtlpBody): ReceivedSpan[] {
  return (body.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const service = String(plain(resource?.attributes)['service.name']);
    return (scopeSpans ?? []).flatMap((scope) => scope.spans ?? []).map((span) => ({
      traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId || undefined, name: span.name, service, attributes: plain(span.attributes), links: span.links ?? [],
    }));
  });
}

function metricsOf(body: OtlpBody): ReceivedMetric[] {
  return (body.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) => {
    const service = String(plain(resource?.attributes)['service.name']);
    return (scopeMetrics ?? []).flatMap((scope) => scope.metrics ?? []).map((metric) => ({
      name: metric.name, service,
      points: ((metric.gauge ?? metric.sum ?? metric.histogram)?.dataPoints ?? []).map((point) => Number(point.asDouble ?? point.asInt ?? point.count)),
    }));
  });
}
