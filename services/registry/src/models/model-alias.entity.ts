import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where an alias points now; how it came there stands in the alias changes. */
@Entity('model_aliases')
export class ModelAliasEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') name!: string;
  @PrimaryColumn('text') alias!: string;
  @Column('integer') version!: number;
}
