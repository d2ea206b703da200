import type { RunStatus } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { z } from 'zod';

/** One run of a recipe, or of steps that a command gave. */
@Entity('runs')
export class RunEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text') project!: string;
  /** The recipe's name, or the name that a command gave its steps. */
  @Column('text') recipe!: string;
  /** Null where the steps did not come from an applied recipe. */
  @Column('integer', { nullable: true }) recipeVersion!: number | null;
  @Column('text') status!: z.infer<typeof RunStatus>;
  @Column('simple-json') event!: Record<string, z.core.util.JSONType>;
  @Column('text') traceId!: string;
  @Column('text') spanId!: string;
  /** The span that caused the run, as a W3C traceparent. */
  @Column('text', { nullable: true }) causedBy!: string | null;
  @Column('text') createdAt!: string;
  @Column('text', { nullable: true }) finishedAt!: string | null;
}
