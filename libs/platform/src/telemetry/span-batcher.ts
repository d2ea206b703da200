import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { FinishedSpan } from '@tunesmith/contracts';
import { finishedSpanOf } from './finished-span.js';

type Sink = (spans: FinishedSpan[]) => void;

const batchDelay = 200;
/** Far below the largest message of the broker (1 MiB). */
const largestBatch = 200;
/** What is kept while nobody listens yet. */
const largestBacklog = 5000;

/** Hands finished spans on in batches. Before `connect` it keeps them, the newest first to go when there are too many. */
export class SpanBatcher implements SpanProcessor {
  private spans: FinishedSpan[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sink: Sink | undefined;

  constructor(private readonly service: string) {}

  connect(sink: Sink | undefined): void {
    this.sink = sink;
    if (sink) this.send();
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.spans.length < largestBacklog) this.spans.push(finishedSpanOf(span, this.service));
    if (this.spans.length >= largestBatch) this.send();
    else this.timer ??= setTimeout(() => this.send(), batchDelay).unref();
  }

  forceFlush(): Promise<void> {
    this.send();
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.sink) return;
    while (this.spans.length > 0) this.sink(this.spans.splice(0, largestBatch));
  }
}
