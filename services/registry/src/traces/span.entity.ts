import type { FinishedSpan } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('spans')
export class SpanEntity {
  @PrimaryColumn('text') traceId!: string;
  @PrimaryColumn('text') spanId!: string;
  @Column('text') project!: string;
  @Column('double precision') startTime!: number;
  @Column('simple-json') span!: FinishedSpan;
}
