import type { ArtifactRef, Digest } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export interface UploadedFile {
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

/** Files on their way in. How much of each has come is what its file on disk says, so nothing can disagree with it. */
@Entity('uploads')
export class UploadEntity {
  @PrimaryColumn('text') id!: string;
  @Column('text') project!: string;
  @Column('simple-json') files!: UploadedFile[];
  /** Set when every digest was checked and the files are in the artifact store. */
  @Column('simple-json', { nullable: true }) artifact!: ArtifactRef | null;
  @Column('text') createdAt!: string;
}
