import { loadForInference, tokenLogProbs } from '@tunesmith/generation';
import { setThreads } from '@tunesmith/tensor';
import { join } from 'node:path';
import { drawModel } from './draw-model.js';
import { distributionsOf, meanDivergence, readExpected, writeGraph } from './graph-fixtures.js';
import { openDecoder, type Decoder } from './run-decoder.js';
import { largestDifference, quietContext, temporaryFolder } from './tiny-models.js';

/** Absolute, on logits of order one. */
const tolerance = 1e-4;

/** Kullback-Leibler divergence from float32, the mean of all places, in nats: random weights suffer more than those of real models. */
const bounds = { fp16: 1e-9, int8: 0.003, int4: 0.03 } as const;

export interface DecoderUnderTest {
  /** Names of folders in tests/parity/fixtures/families: tiny models, and what transformers computes with them. */
  readonly fixtures: readonly string[];
  /** The same family with widths that blocks divide and heads that GroupQueryAttention takes. */
  readonly drawn: Record<string, unknown>;
  /** Rows longer than this turn otherwise, so that a longer one is given to the cache beyond it at once. */
  readonly turnsChangeBeyond?: number;
}

/** What the graph of every decoder must show. */
export function describeDecoderGraph(family: string, { fixtures, drawn, turnsChangeBeyond = Infinity }: DecoderUnderTest): void {
  beforeAll(() => setThreads(1));

  describe.each(fixtures)('the ONNX graph of %s', (name) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let decoder: Decoder;
    let expected: Awaited<ReturnType<typeof readExpected>>;

    beforeAll(async () => {
      folder = await temporaryFolder();
      expected = await readExpected(name);
      decoder = await openDecoder(await writeGraph(expected.folder, 'fp32', folder.path));
    });
    afterAll(async () => {
      await decoder.release();
      await folder[Symbol.asyncDispose]();
    });

    test('computes the logits of transformers, and the same for a row in pieces with its cache', async () => {
      for (const { tokenIds, logits } of expected.rows) {
        expect(largestDifference(await decoder.logits([tokenIds]), logits)).toBeLessThan(tolerance);
        const first = tokenIds.length > turnsChangeBeyond ? turnsChangeBeyond + 1 : 4;
        const pieces = [tokenIds.slice(0, first), tokenIds.slice(first, first + 1), tokenIds.slice(first + 1)].filter((piece) => piece.length > 0);
        expect(largestDifference(await decoder.logits(pieces), logits)).toBeLessThan(tolerance);
      }
    });

    test('continues as transformers does, token for token', async () => {
      for (const { prompt, continuation } of expected.prompts) expect(await decoder.continue(prompt, continuation.length)).toEqual(continuation);
    });
  });

  describe(`the ONNX files of a random ${family}`, () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let exact: Float64Array[];
    const rows = [2, 23, 40].map((length) => Array.from({ length }, (_, place) => 6 + ((place * 97 + length * 31) % 310)));

    beforeAll(async () => {
      folder = await temporaryFolder();
      await drawModel(join(folder.path, 'model'), drawn);
      exact = await distributions('fp32');
    });
    afterAll(() => folder[Symbol.asyncDispose]());

    /** ln p of every token at every place of all rows. */
    async function distributions(dataType: 'fp32' | keyof typeof bounds): Promise<Float64Array[]> {
      const decoder = await openDecoder(await writeGraph(join(folder.path, 'model'), dataType, join(folder.path, dataType)));
      try {
        const found: Float64Array[] = [];
        for (const tokenIds of rows) {
          found.push(...distributionsOf(await decoder.logits([tokenIds]), tokenIds.length));
        }
        return found;
      } finally {
        await decoder.release();
      }
    }

    test('in fp32 say what the model says here', async () => {
      using loaded = await loadForInference(join(folder.path, 'model'), { dtype: 'float32' });
      const ours = await tokenLogProbs(loaded.model, rows.map((tokenIds) => ({ tokenIds })), quietContext());
      const places = rows.flatMap((tokenIds, row) => tokenIds.map((_, place) => ({ next: tokenIds[place + 1], expected: ours[row]![place + 1] })));
      const compared = places.flatMap(({ next, expected }, place) => (next === undefined ? [] : [[exact[place]![next]!, expected!] as const]));
      expect(largestDifference(compared.map(([found]) => found), compared.map(([, expected]) => expected))).toBeLessThan(tolerance);
    });

    test.each(Object.entries(bounds))('in %s are at most %p nats from them', async (dataType, bound) => {
      expect(meanDivergence(exact, await distributions(dataType as keyof typeof bounds))).toBeLessThan(bound);
    });
  });
}
