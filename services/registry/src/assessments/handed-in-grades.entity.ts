import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a rater handed in last for a form. */
@Entity('handed_in_grades')
export class HandedInGradesEntity {
  @PrimaryColumn('text') digest!: string;
  @PrimaryColumn('text') rater!: string;
  /** Tells two raters of one name apart. */
  @Column('text') browser!: string;
  @Column('simple-json') grades!: Record<string, 'A' | 'B' | 'C' | 'D'>;
  @Column('text') handedInAt!: string;
}
