import type { Recipe } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One version of a recipe, with the text that a person wrote. */
@Entity('recipes')
export class RecipeEntity {
  @PrimaryColumn('text') project!: string;
  @PrimaryColumn('text') name!: string;
  @PrimaryColumn('integer') version!: number;
  @Column('simple-json') recipe!: Recipe;
  @Column('text') source!: string;
  @Column('text') appliedAt!: string;
}
