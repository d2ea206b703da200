import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A job that was cancelled and has not said yet that it stopped: the reconciler repeats the signal. */
@Entity('stopping_jobs')
export class StoppingJobEntity {
  @PrimaryColumn('text') jobId!: string;
  @Column('text') project!: string;
  @Column('text') requestedAt!: string;
  @Column('text') sentAt!: string;
}
