import { defineCommand } from '../command.js';
import { formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

export const recipeList = defineCommand<[], object>({
  configure() {},

  async run(_input, session) {
    const platform = await session.platform();
    const recipes = await platform.call('GET /v1/recipes');
    const rows = recipes.map(({ name, version, recipe, appliedAt }) => [name, String(version), recipe.on['dataset.registered']?.dataset ?? '', Object.keys(recipe.steps).join(', '), formatTime(appliedAt)]);
    return {
      document: { recipes },
      lines: rows.length > 0 ? table(['NAME', 'VERSION', 'ON DATASET', 'STEPS', 'APPLIED'], rows, ['VERSION']) : ['no recipes yet; try: tunesmith recipe apply FILE.yaml'],
    };
  },
});
