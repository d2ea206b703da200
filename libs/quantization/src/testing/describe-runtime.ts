import { stat, truncate, writeFile } from 'node:fs/promises';
import { openSourceModel, type SourceModel } from '../exporters/source-model.js';
import { complete, logProbabilities, type ModelRuntime, type RuntimeOptions } from '../runtimes/model-runtime.js';
import { largestDifference, readTinyModel, temporaryFolder, tinyModelNames } from './tiny-models.js';

export interface RuntimeUnderTest {
  readonly open: (path: string, options: RuntimeOptions) => Promise<ModelRuntime>;
  /** Writes the model exactly, and returns the path. */
  readonly write: (model: SourceModel, folder: string) => Promise<string>;
  /** Which of the files beside or at that path holds the weights. */
  readonly weightsOf: (path: string) => string;
  /** Which of them says that it is a model; absent: the path itself. */
  readonly headOf?: (path: string) => string;
  /** How far log-probabilities may be from those of transformers. */
  readonly tolerance: number;
}

/** What every runtime must hold. */
export function describeRuntime(name: string, { open, write, weightsOf, headOf = (path) => path, tolerance }: RuntimeUnderTest): void {
  const options: RuntimeOptions = { contextSize: 160, threads: 1, signal: new AbortController().signal };
  const { signal } = options;

  describe.each(tinyModelNames)(`${name} with %s`, (modelName) => {
    const tiny = readTinyModel(modelName);
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let path: string;
    let runtime: ModelRuntime;

    beforeAll(async () => {
      folder = await temporaryFolder();
      await using model = await openSourceModel(tiny.folder);
      path = await write(model, folder.path);
      runtime = await open(path, options);
    });

    afterAll(async () => {
      await runtime[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    test('gives the log-probabilities of transformers', async () => {
      for (const { tokenIds, logits } of tiny.rows) {
        const wanted = tokenIds.map((_, index) => index % 3 !== 1);
        const expected = tokenIds.flatMap((id, index) => (index > 0 && wanted[index] ? [logSoftmax(logits.subarray((index - 1) * tiny.vocabulary, index * tiny.vocabulary), id)] : []));
        expect(largestDifference(await logProbabilities(runtime, tokenIds, wanted, signal), expected)).toBeLessThan(tolerance);
      }
    });

    test('gives the same where a row begins as the one before, however much of that is asked for', async () => {
      const { tokenIds, logits } = tiny.rows.at(-1)!;
      const at = (place: number) => logSoftmax(logits.subarray((place - 1) * tiny.vocabulary, place * tiny.vocabulary), tokenIds[place]!);
      const last = tokenIds.length - 1;
      // Whole, again, from an earlier place on, up to an earlier one, and whole behind that.
      for (const [end, from] of [[last, last], [last, last], [last, 3], [last - 4, last - 5], [last, last - 1]] as const) {
        const read = tokenIds.slice(0, end);
        const asked = tokenIds.slice(0, end + 1).map((id, place) => (place >= from ? [id] : []));
        const found = (await runtime.score(read, asked, signal)).map(({ logProbabilities: [own] }) => own!);
        expect(largestDifference(found, asked.flatMap((ids, place) => (ids.length > 0 ? [at(place)] : [])))).toBeLessThan(tolerance);
      }
    });

    test('scores a continuation by the same numbers, whatever was scored before it', async () => {
      const { tokenIds } = tiny.rows.at(-1)!;
      const long = (length: number) => Array.from({ length }, (_, place) => tokenIds[place % tokenIds.length]!);
      const other = [...long(100)].reverse();
      const score = async (context: readonly number[]) => {
        const asked = [...context.map(() => []), [tokenIds[1]!], [tokenIds[2]!]];
        return (await runtime.score([...context, tokenIds[1]!], asked, signal)).map(({ logProbabilities: [own] }) => own!);
      };
      await score(other);
      const alone = await score(long(100));
      for (const before of [long(100), long(80), long(120), long(64)]) {
        await score(before);
        expect(await score(long(100))).toEqual(alone);
      }
    });

    test('continues as transformers does, row after row', async () => {
      for (const { prompt, continuation } of tiny.rows) {
        expect(await complete(runtime, prompt, { maxNewTokens: continuation.length, stopTokenIds: [], signal })).toEqual(continuation);
      }
    });

    test('stops before a stop token', async () => {
      const { prompt, continuation } = tiny.rows.at(-1)!;
      const stop = continuation.at(-1)!;
      expect(await complete(runtime, prompt, { maxNewTokens: 30, stopTokenIds: [stop], signal })).toEqual(continuation.slice(0, continuation.indexOf(stop)));
    });

    test('stops when it is told to', async () => {
      const { prompt, tokenIds } = tiny.rows.at(-1)!;
      const aborted = AbortSignal.abort();
      await expect(complete(runtime, prompt, { maxNewTokens: 8, stopTokenIds: [], signal: aborted })).rejects.toThrow(/abort/i);
      await expect(logProbabilities(runtime, tokenIds, tokenIds.map(() => true), aborted)).rejects.toThrow(/abort/i);
    });
  });

  describe(`${name} refuses`, () => {
    const tiny = readTinyModel('llama');

    async function writeTiny(folder: string): Promise<string> {
      await using model = await openSourceModel(tiny.folder);
      return await write(model, folder);
    }

    test('a file that is no model, naming it and the runtime', async () => {
      await using folder = await temporaryFolder();
      const path = await writeTiny(folder.path);
      await writeFile(headOf(path), 'this is no model');
      await expect(open(path, options)).rejects.toMatchObject({ code: 'file-refused-by-runtime', message: expect.stringContaining(path), facts: { runtime: name } });
    });

    test('a file whose weights are cut short', async () => {
      await using folder = await temporaryFolder();
      const path = await writeTiny(folder.path);
      const weights = weightsOf(path);
      await truncate(weights, (await stat(weights)).size - 5000);
      await expect(open(path, options)).rejects.toMatchObject({ code: 'file-refused-by-runtime' });
    });

    test('logits that are not finite', async () => {
      await using folder = await temporaryFolder();
      await using model = await openSourceModel(tiny.folder);
      const { weights } = model;
      // A final norm so large that the products overflow.
      const values = async (tensor: string, shape: readonly number[]) => {
        const original = await weights.values(tensor, shape);
        return tensor === 'model.norm.weight' ? original.fill(3e38) : original;
      };
      async function* rows(tensor: string, shape: readonly number[]) {
        if (tensor === 'model.norm.weight') yield await values(tensor, shape);
        else yield* weights.rows(tensor, shape);
      }
      const path = await write({ ...model, weights: Object.assign(Object.create(weights) as typeof weights, { values, rows }) }, folder.path);
      await using runtime = await open(path, options);
      const { prompt, tokenIds } = tiny.rows.at(-1)!;
      await expect(complete(runtime, prompt, { maxNewTokens: 2, stopTokenIds: [], signal })).rejects.toMatchObject({ code: 'logits-not-finite', message: expect.stringContaining(path) });
      await expect(logProbabilities(runtime, tokenIds, tokenIds.map(() => true), signal)).rejects.toMatchObject({ code: 'logits-not-finite' });
    });
  });
}

function logSoftmax(logits: Float32Array, id: number): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return logits[id]! - largest - Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
