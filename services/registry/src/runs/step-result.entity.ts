import type { ArtifactRef } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Json } from './expression.js';

/** What a step made, by everything that decides it: the same step is not run again. */
@Entity('step_results')
export class StepResultEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') cacheKey!: string;
  @Column('simple-json') outputs!: Record<string, ArtifactRef>;
  @Column('simple-json') metrics!: Record<string, Json>;
  @Column('text') runId!: string;
  @Column('text') step!: string;
  @Column('text') createdAt!: string;
}
