import type { RecipeView } from '@tunesmith/contracts';
import { UsageError } from '../errors.js';
import type { Session } from '../session.js';
import { providePath, resolveReference } from './references.js';
import type { StepSettings } from './step-settings.js';

/** Files that inputs name become paths that the platform can read; what it has to judge goes as it is. */
export async function provideInputs(session: Session, name: string, given: StepSettings): Promise<StepSettings> {
  const platform = await session.platform();
  const { recipe }: RecipeView = await platform.call('GET /v1/recipes/{name}', { parameters: { name } });
  const provided: StepSettings = {};
  for (const [input, value] of Object.entries(given)) {
    const kind = recipe.inputs[input]?.kind;
    const what = `--input ${input}`;
    if (kind === undefined) throw new UsageError(`${what}: expected an input of the recipe ${name} (${Object.keys(recipe.inputs).join(', ') || 'it has none'})`);
    if (typeof value === 'string' && kind === 'path') provided[input] = await providePath(session, value, what);
    else if (typeof value === 'string' && (kind === 'model' || kind === 'adapter' || kind === 'dataset')) provided[input] = await resolveReference(session, value, what);
    else if (kind === 'text' && typeof value !== 'string' && !recipe.inputs[input]?.choices) provided[input] = JSON.stringify(value); // `--input tag=7` is the text 7
    else provided[input] = value;
  }
  return provided;
}
