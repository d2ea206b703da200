import { defineCommand } from '../command.js';
import { count } from '../options.js';
import { formatTime } from '../terminal/format.js';

export const recipeShow = defineCommand<[name: string], { readonly version?: number }>({
  configure(command) {
    command.argument('<name>', 'the name of a recipe').option('--version <number>', 'another version than the latest', count);
  },

  async run({ arguments: [name], options }, session) {
    const platform = await session.platform();
    const recipe = await platform.call('GET /v1/recipes/{name}', { parameters: { name }, query: { version: options.version } });
    return { document: recipe, lines: [`# version ${recipe.version}, applied ${formatTime(recipe.appliedAt)}`, recipe.source.trimEnd()] };
  },
});
