import { z } from 'zod';
import { Name } from '../ids.js';
import { Recipe } from '../recipe.js';

/** POST /v1/recipes: the recipe as YAML or JSON text. */
export const ApplyRecipe = z.strictObject({ source: z.string().min(1).max(1_000_000) });
export const RecipeView = z.strictObject({ name: Name, version: z.int().positive(), recipe: Recipe, source: z.string(), appliedAt: z.iso.datetime() });
export type RecipeView = z.infer<typeof RecipeView>;
