import { readFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { openGguf } from '@tunesmith/checkpoints';
import { Tokenizer, tokenizerFilesFromGguf } from '@tunesmith/tokenizers';
import { TokenAligner, type TieOrder } from './align-tokens.js';
import { slowAlignment } from './testing/slow-alignment.js';
import { sameSurface, TokenSurfaces } from './token-surfaces.js';

const fixtures = join(import.meta.dirname, '../../../tests/parity/fixtures');
const orders: readonly TieOrder[] = ['source-first', 'pivot-first'];

/** Equal tokens are one object, as those of a vocabulary are. */
function interned(tokens: readonly string[]): Uint8Array[] {
  const known = new Map<string, Uint8Array>();
  return tokens.map((token) => {
    if (!known.has(token)) known.set(token, Buffer.from(token, 'latin1'));
    return known.get(token)!;
  });
}

function expectAlignment(pivot: readonly Uint8Array[], source: readonly Uint8Array[]): void {
  for (const ties of orders) {
    const [found, expected] = [new TokenAligner(ties).align(pivot, source), slowAlignment(pivot, source, ties)];
    expect([found.cost, [...found.first], [...found.last]]).toEqual([expected.cost, [...expected.first], [...expected.last]]);
  }
}

describe('texts as SmolLM2, Qwen2.5 and Gemma 3 cut them', () => {
  // Made by tests/parity/make-tokenization-fixture.mjs.
  const { texts, tokenizations } = JSON.parse(readFileSync(join(fixtures, 'fusion/tokenizations.json'), 'utf8')) as { texts: string[]; tokenizations: Record<string, string[][]> };
  const [pivot, ...sources] = Object.keys(tokenizations) as [string, ...string[]];

  test('are the same bytes to all of them', () => {
    for (const [index, text] of texts.entries()) {
      // Qwen composes accents that stand apart (NFC); what it reads is another text then.
      const bytes = (name: string): string => Buffer.from(tokenizations[name]![index]!.join(''), 'latin1').toString('utf8').normalize('NFC');
      for (const name of [pivot, ...sources]) expect(bytes(name)).toBe(text.normalize('NFC'));
    }
  });

  test.each(sources)('are aligned as the definition says: the pivot with %s', (source) => {
    for (const index of texts.keys()) expectAlignment(interned(tokenizations[pivot]![index]!), interned(tokenizations[source]![index]!));
  });
});

// The whole tokenizers are too large to be committed: this runs where TUNESMITH_TEST_MODEL names two GGUF files or more, as in PATH, the pivot's first.
const files = (process.env.TUNESMITH_TEST_MODEL ?? '').split(delimiter).filter((file) => file !== '');
const describeWithModels = files.length > 1 ? describe.each(files.slice(1).map((file) => [basename(file), file] as const)) : describe.skip.each([['no models (TUNESMITH_TEST_MODEL)', '']]);

describeWithModels('the whole vocabulary of %s', (_name, file) => {
  async function surfacesOf(path: string): Promise<TokenSurfaces> {
    await using source = await openGguf(path);
    const made = tokenizerFilesFromGguf(source.metadata);
    return new TokenSurfaces(Tokenizer.fromFiles({ tokenizer: made['tokenizer.json'], tokenizerConfig: made['tokenizer_config.json'], generationConfig: made['generation_config.json'] }));
  }

  test('prose is aligned as the definition says, and most tokens find their twin', async () => {
    const [pivot, source] = [await surfacesOf(files[0]!), await surfacesOf(file)];
    const text = readFileSync(join(fixtures, 'english.txt'), 'utf8').slice(0, 2500);
    const cut = (surfaces: TokenSurfaces): Uint8Array[] => surfaces.tokenizer.encode(text, { addSpecialTokens: false }).map((id) => surfaces.of(id));
    const [own, other] = [cut(pivot), cut(source)];
    expectAlignment(own, other);
    const { first, last } = new TokenAligner('pivot-first').align(own, other);
    const twins = own.filter((surface, place) => first[place] === last[place] && sameSurface(surface, other[first[place]!]!)).length;
    expect(twins / own.length).toBeGreaterThan(0.8);
  });
});
