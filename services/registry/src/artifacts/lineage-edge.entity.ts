import type { Digest } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `child` was made of `parent`, in the role that the step kind names, such as `base` or `dataset`. */
@Entity('lineage_edges')
export class LineageEdgeEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') child!: Digest;
  @PrimaryColumn('text') parent!: Digest;
  @PrimaryColumn('text') role!: string;
  @Column('text') runId!: string;
  @Column('text') step!: string;
}
