import { Recipe, type RecipeView } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import { NotFoundError } from '../errors.js';
import { insertRow } from '../rows.js';
import { serialize } from '../serialize.js';
import { RecipeEntity } from './recipe.entity.js';

/** The applied recipes of one project. */
export class RecipesRepository {
  constructor(private readonly manager: EntityManager, private readonly project: string) {}

  /** Keeps a recipe as the next version of its name; the same text as the latest stays that version. */
  async apply(recipe: Recipe, source: string): Promise<RecipeView> {
    await serialize(this.manager, `recipe ${this.project}/${recipe.name}`);
    const latest = await this.manager.findOne(RecipeEntity, { where: { project: this.project, name: recipe.name }, order: { version: 'DESC' } });
    if (latest?.source === source) return viewOf(latest);
    return viewOf(await insertRow(this.manager, RecipeEntity, { project: this.project, name: recipe.name, version: (latest?.version ?? 0) + 1, recipe, source, appliedAt: new Date().toISOString() }));
  }

  /** The latest version of every recipe. */
  async list(): Promise<RecipeView[]> {
    const all = await this.manager.find(RecipeEntity, { where: { project: this.project }, order: { name: 'ASC', version: 'ASC' } });
    return [...new Map(all.map((each) => [each.name, each])).values()].map(viewOf);
  }

  /** @throws NotFoundError */
  async show(name: string, version?: number): Promise<RecipeView> {
    const where = { project: this.project, name, ...(version === undefined ? {} : { version }) };
    const found = await this.manager.findOne(RecipeEntity, { where, order: { version: 'DESC' } });
    if (found) return viewOf(found);
    const known = (await this.list()).map((each) => each.name);
    throw new NotFoundError({
      code: 'recipe-unknown', facts: { name, version: version ?? null },
      message: `expected an applied recipe of project "${this.project}" (${known.join(', ') || 'it has none'}); got "${name}"${version === undefined ? '' : ` version ${version}`}; apply one with \`tunesmith recipe apply FILE\``,
    });
  }

  /** The recipes that an arrival of the dataset starts. */
  async startedByDataset(name: string): Promise<RecipeView[]> {
    return (await this.list()).filter(({ recipe }) => recipe.on['dataset.registered']?.dataset === name);
  }
}

function viewOf({ name, version, recipe, source, appliedAt }: RecipeEntity): RecipeView {
  return { name, version, recipe, source, appliedAt };
}
