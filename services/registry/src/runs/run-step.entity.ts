import type { ArtifactRef, Digest, JobError, StepStatus } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { z } from 'zod';
import type { Json } from './expression.js';

/** One step of a run. Its job's identity changes with each attempt, so a fact of an earlier attempt finds no step. */
@Entity('run_steps')
export class RunStepEntity {
  @PrimaryColumn('text') runId!: string;
  @PrimaryColumn('text') name!: string;
  @Column('text') project!: string;
  /** Place in the run, from 0: steps are shown and started in this order. */
  @Column('integer') position!: number;
  @Column('text') uses!: string;
  @Column('simple-json') needs!: string[];
  /** `with` of the recipe, its names pinned to digests; `${{ steps.… }}` still stands. */
  @Column('simple-json') config!: Record<string, Json>;
  /** Of what stands outside, for import steps whose path could be read at the start. */
  @Column('text', { nullable: true }) contentDigest!: Digest | null;
  /** Its failure does not end the run. */
  @Column('boolean') mayFail!: boolean;
  @Column('text') status!: z.infer<typeof StepStatus>;
  @Column('boolean') cached!: boolean;
  @Column('text', { nullable: true }) jobId!: string | null;
  @Column('integer') attempt!: number;
  /** What the job was asked; null before the step starts. */
  @Column('simple-json', { nullable: true }) spec!: Record<string, Json> | null;
  @Column('text', { nullable: true }) cacheKey!: string | null;
  @Column('simple-json') outputs!: Record<string, ArtifactRef>;
  @Column('simple-json') metrics!: Record<string, Json>;
  @Column('simple-json', { nullable: true }) error!: JobError | null;
  @Column('text', { nullable: true }) spanId!: string | null;
  @Column('text', { nullable: true }) startedAt!: string | null;
  @Column('text', { nullable: true }) finishedAt!: string | null;
  /** When its request was last sent: the reconciler sends it again until the job has ended. */
  @Column('text', { nullable: true }) sentAt!: string | null;
}
