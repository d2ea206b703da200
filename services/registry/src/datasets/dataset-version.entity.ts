import type { Digest } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Json } from '../runs/expression.js';

/** One arrival of a dataset. Its id is also the id of its `dataset.registered` event. */
@Entity('dataset_versions')
export class DatasetVersionEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text') project!: string;
  @Column('text') name!: string;
  @Column('integer') version!: number;
  @Column('text') digest!: Digest;
  @Column('integer') rows!: number;
  @Column('simple-json') report!: Record<string, Json>;
  @Column('text', { nullable: true }) runId!: string | null;
  @Column('text') createdAt!: string;
  /** When `dataset.registered` was last sent. */
  @Column('text') sentAt!: string;
  /** When start-run heard it; until then the reconciler sends it again. */
  @Column('text', { nullable: true }) heardAt!: string | null;
}
