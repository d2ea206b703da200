import type { Digest } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('model_versions')
export class ModelVersionEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') name!: string;
  @PrimaryColumn('integer') version!: number;
  @Column('text') digest!: Digest;
  @Column('text') family!: string;
  @Column('text', { nullable: true }) runId!: string | null;
  @Column('text') createdAt!: string;
}
