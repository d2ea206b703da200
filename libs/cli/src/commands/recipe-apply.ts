import { text } from 'node:stream/consumers';
import { defineCommand } from '../command.js';
import { readGivenFile } from '../read-given-file.js';

export const recipeApply = defineCommand<[file: string], object>({
  configure(command) {
    command.argument('<file>', 'a recipe as YAML or JSON; - reads standard input');
  },

  async run({ arguments: [file] }, session) {
    const source = file === '-' ? await text(process.stdin) : await readGivenFile(file, 'FILE', 'a recipe');
    const platform = await session.platform();
    const recipe = await platform.call('POST /v1/recipes', { body: { source } });
    const trigger = recipe.recipe.on['dataset.registered'];
    const starts = trigger ? `starts when ${trigger.dataset === undefined ? 'a dataset' : `the dataset ${trigger.dataset}`} is registered` : `starts by: tunesmith run start ${recipe.name}`;
    return { document: recipe, lines: [`${recipe.name}, version ${recipe.version}: ${Object.keys(recipe.recipe.steps).join(', ')}`, starts] };
  },
});
