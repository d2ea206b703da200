import type { Digest } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An artifact that a run of the project made or brought in; its bytes are in the artifact store. */
@Entity('artifacts')
export class ArtifactEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') digest!: Digest;
  /** Bytes. PostgreSQL gives bigint as text. */
  @Column('bigint', { transformer: { to: (value: number) => value, from: Number } }) size!: number;
  @Column('text') mediaType!: string;
  /** Of models and adapters: the model family. */
  @Column('text', { nullable: true }) family!: string | null;
  @Column('text') runId!: string;
  @Column('text') step!: string;
  @Column('text') createdAt!: string;
}
