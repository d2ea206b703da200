import { context, type Context, type Span, type Tracer } from '@opentelemetry/api';
import type { JobProgress } from '@tunesmith/contracts';

/** Draws each phase of the progress as a span, so that a waterfall shows where the time went without a word in domain code. */
export class PhaseSpans {
  private readonly parent: Context = context.active();
  private span: Span | undefined;
  private phase: string | undefined;

  constructor(private readonly tracer: Tracer) {}

  note(progress: JobProgress): void {
    if (progress.phase !== this.phase) {
      this.span?.end();
      this.phase = progress.phase;
      this.span = this.tracer.startSpan(progress.phase, {}, this.parent);
    }
    this.span?.setAttributes({ done: progress.done, ...(progress.total === undefined ? {} : { total: progress.total }), ...(progress.unit === undefined ? {} : { unit: progress.unit }) });
  }

  end(): void {
    this.span?.end();
    this.span = undefined;
  }
}
