import { DatasetRegistered, stepKinds, type PayloadOf } from '@tunesmith/contracts';
import { done, Handles, skipped, type Delivery, type Outcome } from '@tunesmith/platform';
import { DatasetVersionEntity } from './datasets/dataset-version.entity.js';
import { expandRecipe } from './recipes/expand-recipe.js';
import { resolveInputs } from './recipes/recipe-inputs.js';
import { RecipesRepository } from './recipes/recipes.repository.js';
import { RunStarter, type RunRequest } from './runs/run-starter.js';

/** Starts a run of every recipe that waits for the dataset. Each arrival starts each recipe once: the inbox knows the event. */
@Handles(DatasetRegistered, { emits: [...stepKinds.flatMap(({ events }) => (events ? [events.requested] : [])), DatasetRegistered] })
export class StartRunHandler {
  constructor(private readonly runs: RunStarter) {}

  async handle({ datasetId, name, version, artifact }: PayloadOf<typeof DatasetRegistered>, delivery: Delivery): Promise<Outcome> {
    const { transaction, project } = delivery;
    await transaction.update(DatasetVersionEntity, { id: datasetId }, { heardAt: new Date().toISOString() });
    const recipes = await new RecipesRepository(transaction, project).startedByDataset(name);
    if (recipes.length === 0) return skipped(`no recipe waits for the dataset ${name}`);
    for (const { recipe, version: recipeVersion } of recipes) {
      const request: RunRequest = { project, recipe: recipe.name, recipeVersion, steps: expandRecipe(recipe, resolveInputs(recipe.inputs, {})), event: { dataset: artifact.digest, name, version } };
      const plan = await this.runs.plan(request, transaction);
      if (plan.problems.length > 0) await this.runs.startFailed(request, plan.problems, delivery);
      else await this.runs.start(request, plan, delivery);
    }
    return done();
  }
}
