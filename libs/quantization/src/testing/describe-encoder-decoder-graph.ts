import { setThreads } from '@tunesmith/tensor';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { complete, logProbabilities } from '../runtimes/model-runtime.js';
import { encoderBeside } from '../runtimes/onnx-encoder-decoder.js';
import { openOnnxRuntime } from '../runtimes/onnx-runtime.js';
import { drawModel } from './draw-model.js';
import { distributionsOf, meanDivergence, readExpected, writeGraph } from './graph-fixtures.js';
import { openEncoderDecoder, type EncoderDecoder } from './run-encoder-decoder.js';
import { largestDifference, quietContext, temporaryFolder } from './tiny-models.js';

/** Absolute, on logits of order one. */
const tolerance = 1e-4;

/** Kullback-Leibler divergence from float32, the mean of all places, in nats: twice as many layers as in a decoder. */
const bounds = { fp16: 1e-9, int8: 0.01, int4: 0.06 } as const;

export interface EncoderDecoderUnderTest {
  /** Names of folders in tests/parity/fixtures/families: tiny models, and what transformers computes with them. */
  readonly fixtures: readonly string[];
  /** The same family with widths that blocks divide. */
  readonly drawn: Record<string, unknown>;
}

/** What the graphs of every encoder-decoder must show. */
export function describeEncoderDecoderGraph(family: string, { fixtures, drawn }: EncoderDecoderUnderTest): void {
  beforeAll(() => setThreads(1));

  describe.each(fixtures)('the ONNX graphs of %s', (name) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let model: EncoderDecoder;
    let expected: Awaited<ReturnType<typeof readExpected>>;

    beforeAll(async () => {
      folder = await temporaryFolder();
      expected = await readExpected(name);
      model = await openEncoderDecoder(await writeGraph(expected.folder, 'fp32', folder.path));
    });
    afterAll(async () => {
      await model.release();
      await folder[Symbol.asyncDispose]();
    });

    test('compute the logits of transformers beside each source, and the same for a row in pieces with its cache', async () => {
      for (const { tokenIds, source, logits } of expected.rows) {
        expect(largestDifference(await model.logits(source, [tokenIds]), logits)).toBeLessThan(tolerance);
        const pieces = [tokenIds.slice(0, 4), tokenIds.slice(4, 5), tokenIds.slice(5)].filter((piece) => piece.length > 0);
        expect(largestDifference(await model.logits(source, pieces), logits)).toBeLessThan(tolerance);
      }
    });

    test('continue as transformers does, token for token', async () => {
      for (const { prompt, source, continuation } of expected.prompts) expect(await model.continue(source, prompt, continuation.length)).toEqual(continuation);
    });
  });

  describe(`the ONNX files of a random ${family}`, () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let exact: Float64Array[];
    const source = Array.from({ length: 21 }, (_, place) => 6 + ((place * 71) % 310));
    const row = Array.from({ length: 30 }, (_, place) => 6 + ((place * 97) % 310));

    beforeAll(async () => {
      folder = await temporaryFolder();
      await drawModel(join(folder.path, 'model'), drawn);
      exact = await distributions('fp32');
    });
    afterAll(() => folder[Symbol.asyncDispose]());

    async function distributions(dataType: 'fp32' | keyof typeof bounds): Promise<Float64Array[]> {
      const path = await writeGraph(join(folder.path, 'model'), dataType, join(folder.path, dataType));
      const model = await openEncoderDecoder(path);
      try {
        return distributionsOf(await model.logits(source, [row]), row.length);
      } finally {
        await model.release();
      }
    }

    test.each(Object.entries(bounds))('in %s are at most %p nats from float32', async (dataType, bound) => {
      expect(meanDivergence(exact, await distributions(dataType as keyof typeof bounds))).toBeLessThan(bound);
    });

    test('are loaded together by the runtime of the job, which says what they compute, wants a source and refuses a decoder alone', async () => {
      const { signal } = quietContext();
      const options = { contextSize: 64, threads: 1, signal };
      const path = await writeGraph(join(folder.path, 'model'), 'fp32', join(folder.path, 'loaded'));
      await using runtime = await openOnnxRuntime(path, options);
      const scores = await logProbabilities(runtime, row, row.map(() => true), signal, source);
      expect(largestDifference(scores, row.slice(1).map((id, place) => exact[place]![id]!))).toBeLessThan(tolerance);
      const model = await openEncoderDecoder(path);
      expect(await complete(runtime, row, { maxNewTokens: 6, stopTokenIds: [], signal }, source)).toEqual(await model.continue(source, row, 6));
      await model.release();
      await expect(complete(runtime, row, { maxNewTokens: 1, stopTokenIds: [], signal })).rejects.toMatchObject({ code: 'source-missing' });
      await rename(encoderBeside(path), `${path}.gone`);
      await expect(openOnnxRuntime(path, options)).rejects.toMatchObject({ code: 'file-refused-by-runtime' });
    });
  });
}
