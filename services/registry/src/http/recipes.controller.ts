import { Controller } from '@nestjs/common';
import { api, type RecipeView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { readRecipe } from '../recipes/read-recipe.js';
import { RecipesRepository } from '../recipes/recipes.repository.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class RecipesController {
  constructor(private readonly database: Database) {}

  @Serves(api.applyRecipe)
  async apply(@Input() { body, query }: InputOf<typeof api.applyRecipe>): Promise<RecipeView> {
    const recipe = readRecipe(body.source);
    return this.database.transaction((transaction) => new RecipesRepository(transaction, query.project).apply(recipe, body.source));
  }

  @Serves(api.listRecipes)
  list(@Input() { query }: InputOf<typeof api.listRecipes>): Promise<RecipeView[]> {
    return this.recipes(query.project).list();
  }

  @Serves(api.showRecipe)
  show(@Input() { parameters, query }: InputOf<typeof api.showRecipe>): Promise<RecipeView> {
    return this.recipes(query.project).show(parameters.name, query.version);
  }

  private recipes(project: string): RecipesRepository {
    return new RecipesRepository(this.database.dataSource.manager, project);
  }
}
