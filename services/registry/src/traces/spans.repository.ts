import type { FinishedSpan } from '@tunesmith/contracts';
import { LessThan, type EntityManager } from 'typeorm';
import { insertNewRows, upsertRow } from '../rows.js';
import { SpanEntity } from './span.entity.js';

/** Finished spans, kept for the embedded trace view. */
export class SpansRepository {
  constructor(private readonly manager: EntityManager) {}

  /** A span that is known already stays as it is. */
  async record(project: string, spans: readonly FinishedSpan[]): Promise<void> {
    await insertNewRows(this.manager, SpanEntity, spans.map((span) => ({ traceId: span.traceId, spanId: span.spanId, project, startTime: span.startTime, span })));
  }

  /** Takes the place of a span with the same ids: a resumed run ends again. */
  async replace(project: string, span: FinishedSpan): Promise<void> {
    await upsertRow(this.manager, SpanEntity, { traceId: span.traceId, spanId: span.spanId, project, startTime: span.startTime, span }, ['traceId', 'spanId']);
  }

  /** Earliest first. */
  async ofTrace(traceId: string): Promise<FinishedSpan[]> {
    const rows = await this.manager.find(SpanEntity, { where: { traceId }, order: { startTime: 'ASC' } });
    return rows.map(({ span }) => span);
  }

  async forgetBefore(time: Date): Promise<void> {
    await this.manager.delete(SpanEntity, { startTime: LessThan(time.getTime()) });
  }
}
