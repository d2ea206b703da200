import { TunesmithError } from '@tunesmith/tensor';
import type { CausalLanguageModel } from './model-family.js';

/**
 * Checks that a batch has a source if, and only if, the model reads one. `remembered`: a cache holds what was made of it.
 * Throws TunesmithError `source-missing`, `source-superfluous`.
 */
export function expectSource({ readsSource = false }: Pick<CausalLanguageModel, 'readsSource'>, { source }: { readonly source?: unknown }, { remembered = false } = {}): void {
  const expected = readsSource && !remembered;
  if ((source !== undefined) === expected) return;
  if (expected) {
    throw new TunesmithError({ message: 'This model is an encoder-decoder: expected a source for every row (what its encoder reads), got none. Give the prompt as the source.', code: 'source-missing' });
  }
  const reason = readsSource ? 'the cache already holds what was made of the source' : 'this model has no encoder';
  throw new TunesmithError({ message: `Expected a batch without a source, got one: ${reason}. Leave it out${readsSource ? '' : ', or put its tokens at the beginning of the row'}.`, code: 'source-superfluous' });
}
