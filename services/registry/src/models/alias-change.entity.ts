import { Column, Entity, PrimaryColumn } from 'typeorm';

/** From `at` until the next change of the same alias it pointed at `version`. Rows are added, never changed. */
@Entity('alias_changes')
export class AliasChangeEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text') project!: string;
  @Column('text') name!: string;
  @Column('text') alias!: string;
  @Column('integer') version!: number;
  @Column('integer', { nullable: true }) previousVersion!: number | null;
  @Column('text') at!: string;
  @Column('text', { nullable: true }) runId!: string | null;
}
