import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { defineCommand } from '../command.js';
import { CommandError } from '../errors.js';

export const recipeApply = defineCommand<[file: string], object>({
  configure(command) {
    command.argument('<file>', 'a recipe as YAML or JSON; - reads standard input');
  },

  async run({ arguments: [file] }, session) {
    const source = file === '-' ? await text(process.stdin) : await readSource(file);
    const platform = await session.platform();
    const recipe = await platform.call('POST /v1/recipes', { body: { source } });
    const trigger = recipe.recipe.on['dataset.registered'];
    const starts = trigger ? `starts when ${trigger.dataset === undefined ? 'a dataset' : `the dataset ${trigger.dataset}`} is registered` : `starts by: tunesmith run start ${recipe.name}`;
    return { document: recipe, lines: [`${recipe.name}, version ${recipe.version}: ${Object.keys(recipe.recipe.steps).join(', ')}`, starts] };
  },
});

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CommandError({ message: `FILE: expected a recipe at ${file}; ${(cause as Error).message}`, code: 'file-unreadable', cause });
  }
}
