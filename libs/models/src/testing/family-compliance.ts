import { isOutputHead, loraParts, LoraLinear, packTokens, type Parts } from '@tunesmith/nn';
import { defaultDevice, liveTensors, noGrad, ops, randn, RandomGenerator, scope, setThreads, tensor, type Tensor } from '@tunesmith/tensor';
import { loadModel } from '../load-model.js';
import type { CausalLanguageModel, ModelFamily } from '../model-family.js';
import { describeCheckpoints, type CheckpointComplianceOptions } from './checkpoint-compliance.js';
import { readFixture, type FamilyFixture } from './family-fixture.js';

/** Published values of the tolerances: absolute on logits of order one, relative on gradients, absolute between packed and single rows. */
const logitTolerance = 1e-4;
const gradientTolerance = 1e-3;
const packingTolerance = 1e-5;

export interface FamilyExceptions {
  /** Fixtures whose rotations depend on the row's length: keys in a cache keep those of the length when they came, as in transformers. */
  readonly turnsChangeWithLength?: readonly string[];
  /** Fixtures whose rotations are others in rows longer than this: a longer row is given to the cache beyond that length at once. */
  readonly turnsJumpBeyond?: Readonly<Record<string, number>>;
}

/** What every family must show on its fixtures (names of folders in tests/parity/fixtures/families). Call it once in the family's spec. */
export function describeFamily(family: ModelFamily, fixtureNames: readonly string[], options: CheckpointComplianceOptions & FamilyExceptions = {}): void {
  const { turnsChangeWithLength = [], turnsJumpBeyond = {} } = options;
  describeCheckpoints(family, fixtureNames, options);
  describe.each(fixtureNames)('%s', (name) => {
    let fixture: FamilyFixture;
    let model: CausalLanguageModel;

    beforeAll(async () => {
      setThreads(1);
      fixture = await readFixture(name);
      const loaded = await loadModel(fixture.folder, { dtype: 'float32' });
      expect(loaded.family.name).toBe(family.name);
      model = loaded.model;
    });
    afterAll(() => model[Symbol.dispose]());

    test('its parameters are the tensors of its checkpoint', () => {
      const config = family.parseConfig(fixture.configJson);
      expect([...model.parameters().keys()].sort()).toEqual(family.weights.tensors(config).map((weight) => weight.huggingFace).sort());
    });

    test(`logits equal those of transformers within ${logitTolerance}`, () => {
      expect(largestDifference(logitsOf(model, fixture), fixture.logits)).toBeLessThan(logitTolerance);
    });

    test(`the gradient of every parameter equals that of transformers within ${gradientTolerance}`, () => {
      const { loss, gradients } = lossAndGradients(model, fixture);
      expect(Math.abs(loss - fixture.loss)).toBeLessThan(1e-4);
      expect([...gradients.keys()].sort()).toEqual([...fixture.gradients.keys()].sort());
      const transposed = new Map(family.weights.tensors(family.parseConfig(fixture.configJson)).flatMap(({ huggingFace, stored, shape }) => (stored === 'transposed' ? [[huggingFace, shape]] : [])));
      for (const [parameter, theirs] of fixture.gradients) {
        const shape = transposed.get(parameter);
        const expected = shape ? turned(theirs, shape) : theirs;
        expect({ parameter, error: relativeError(gradients.get(parameter) ?? [], expected) }).toEqual({ parameter, error: expect.closeTo(0, -Math.log10(2 * gradientTolerance)) });
      }
    });

    test('greedy generation with the cache is that of transformers, token for token, all rows at once', () => {
      const wanted = fixture.continuations[0]?.length ?? 0;
      expect(generateGreedily(model, promptsOf(fixture), wanted)).toEqual(fixture.continuations);
    });

    test('rows that finish early leave the cache without changing the others', () => {
      // The shortest, and the longest.
      for (const leaving of [1, 2]) {
        const keep = fixture.prompts.map((_, row) => (row === leaving ? 3 : (fixture.continuations[row]?.length ?? 0)));
        expect(generateGreedily(model, promptsOf(fixture), keep)).toEqual(fixture.continuations.map((tokens, row) => tokens.slice(0, keep[row])));
      }
    });

    const likeTheWhole = turnsChangeWithLength.includes(name) ? 'near' : 'equal to';
    test(`a row given to the cache in pieces has logits ${likeTheWhole} those of the whole row`, () => {
      const tolerance = likeTheWhole === 'near' ? 0.5 : packingTolerance;
      for (const [row, pieces] of [
        [0, [4, 5, 1, 1]],
        [3, [1, 9, 6]],
      ] as const) {
        const single = rowOf(fixture, row);
        const length = fixture.rows[row]?.length ?? 0;
        const border = turnsJumpBeyond[name] ?? Infinity;
        const sizes = length > border ? [border + 1, 1, length - border - 2] : pieces;
        expect(largestDifference(logitsInPieces(model, single, sizes), logitsOf(model, single))).toBeLessThan(tolerance);
      }
    });

    test(`packed rows equal single rows within ${packingTolerance}`, () => {
      const single = fixture.rows.flatMap((_, row) => logitsOf(model, rowOf(fixture, row)));
      expect(largestDifference(logitsOf(model, fixture), single)).toBeLessThan(packingTolerance);
    });

    test('a training step in a scope leaves no tensor behind', () => {
      lossAndGradients(model, fixture);
      const before = liveTensors();
      lossAndGradients(model, fixture);
      expect(liveTensors()).toBe(before);
    });

    test('takes LoRA parts: starts as itself, and tuned it is the model of the merged weights', async () => {
      const linears: string[] = [];
      const parts = (plain: Parts) => {
        const lora = loraParts(plain, { rank: 3, alpha: 6, targetModules: 'all-linear', generator: new RandomGenerator(1) });
        const linear: Parts['linear'] = (path, ...rest) => {
          if (!isOutputHead(path)) linears.push(path);
          return lora.linear(path, ...rest);
        };
        return { ...lora, linear };
      };
      const { model: tuned } = await loadModel(fixture.folder, { dtype: 'float32', parts });
      expect(largestDifference(logitsOf(tuned, fixture), fixture.logits)).toBeLessThan(logitTolerance);
      const { model: merged } = await loadModel(fixture.folder, { dtype: 'float32' });
      scope(() =>
        noGrad(() => {
          const updates = [...tuned.modules()].filter((module) => module instanceof LoraLinear);
          expect(updates.map(({ path }) => path).sort()).toEqual(linears.sort());
          for (const update of updates) {
            ops.copyInPlace(update.loraB, ops.mulScalar(randn(update.loraB.shape, { generator: new RandomGenerator(2) }), 0.1));
            ops.copyInPlace(merged.parameters().get(`${update.path}.weight`) ?? update.loraB, update.merged());
          }
        }),
      );
      const expected = logitsOf(merged, fixture);
      expect(largestDifference(logitsOf(model, fixture), expected)).toBeGreaterThan(100 * logitTolerance);
      expect(largestDifference(logitsOf(tuned, fixture), expected)).toBeLessThan(logitTolerance);
      for (const each of [tuned, merged]) each[Symbol.dispose]();
    });

    test('disposing of a model frees every tensor of it', async () => {
      const before = liveTensors();
      const { model: second } = await loadModel(fixture.folder, { dtype: 'float32' });
      expect(liveTensors()).toBeGreaterThan(before);
      second[Symbol.dispose]();
      expect(liveTensors()).toBe(before);
    });

    test('bfloat16 weights give nearly the same logits', async () => {
      const { model: rounded } = await loadModel(fixture.folder, { dtype: 'bfloat16' });
      expect(rounded.outputWeight.dtype).toBe('bfloat16');
      expect(relativeError(logitsOf(rounded, fixture), fixture.logits)).toBeLessThan(0.05);
      rounded[Symbol.dispose]();
    });
  });
}

/** Rows, and of encoder-decoders what the encoder reads beside each. */
type Reading = Pick<FamilyFixture, 'rows' | 'sources'>;

function rowOf({ rows, sources }: Reading, index: number): Reading {
  const one = <Item>(items: readonly Item[]) => items.slice(index, index + 1);
  return { rows: one(rows), ...(sources && { sources: one(sources) }) };
}

function promptsOf({ prompts, promptSources }: FamilyFixture): Reading {
  return { rows: prompts, ...(promptSources && { sources: promptSources }) };
}

/** Float32 logits of all tokens, row-major. */
function logitsOf(model: CausalLanguageModel, { rows, sources }: Reading): number[] {
  return scope(() => noGrad(() => model.logits(model.hidden(packTokens(rows, { ...(sources && { sources }) }))).toArray()));
}

function logitsInPieces(model: CausalLanguageModel, { rows: [row = []], sources }: Reading, sizes: readonly number[]): number[] {
  using cache = model.newCache();
  let start = 0;
  return sizes.flatMap((size) => {
    const piece = row.slice(start, start + size);
    start += size;
    return scope(() => noGrad(() => model.logits(model.hidden(cache.rows === 0 ? packTokens([piece], { ...(sources && { sources }) }) : cache.nextBatch([piece]), cache)).toArray()));
  });
}

function lossAndGradients(model: CausalLanguageModel, { rows, sources }: Reading): { loss: number; gradients: Map<string, number[]> } {
  const parameters = model.parameters();
  for (const parameter of parameters.values()) parameter.setRequiresGrad(true);
  const targets = rows.flatMap((row) => [...row.slice(1), -100]);
  const loss = scope(() => {
    const logits = model.logits(model.hidden(packTokens(rows, { ...(sources && { sources }) })));
    const mean = ops.crossEntropyLoss(logits, tensor(targets, { dtype: 'int64', device: logits.device }), null, 1, -100);
    mean.backward();
    return mean.item();
  });
  const gradients = new Map<string, number[]>();
  for (const [name, parameter] of parameters) {
    gradients.set(name, scope(() => parameter.grad?.toArray() ?? []));
    parameter.zeroGrad();
    parameter.setRequiresGrad(false);
  }
  return { loss, gradients };
}

/** Greedy continuations of all prompts in one batch; a row leaves it once it has as many tokens as wanted. */
function generateGreedily(model: CausalLanguageModel, { rows: prompts, sources }: Reading, wanted: number | readonly number[]): number[][] {
  const limit = (row: number) => (typeof wanted === 'number' ? wanted : (wanted[row] ?? 0));
  const made: number[][] = prompts.map(() => []);
  let live = prompts.map((_, row) => row);
  using cache = model.newCache();
  let batch: readonly (readonly number[])[] = prompts;
  while (live.length > 0) {
    const next = scope(() =>
      noGrad(() => {
        const packed = cache.rows === 0 ? packTokens(batch, { ...(sources && { sources }) }) : cache.nextBatch(batch);
        const last = packed.boundaries.slice(1).map((end) => end - 1);
        const hidden: Tensor = ops.indexSelect(model.hidden(packed, cache), 0, tensor(last, { dtype: 'int64', device: defaultDevice() }));
        return ops.argmax(model.logits(hidden), -1).toArray();
      }),
    );
    live.forEach((row, place) => made[row]?.push(next[place] ?? -1));
    const stay = live.map((_, place) => place).filter((place) => (made[live[place] ?? 0]?.length ?? 0) < limit(live[place] ?? 0));
    if (stay.length < live.length && stay.length > 0) cache.keepRows(stay);
    live = stay.map((place) => live[place] ?? 0);
    batch = stay.map((place) => [next[place] ?? 0]);
  }
  return made;
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < expected.length; index += 1) largest = Math.max(largest, Math.abs((actual[index] ?? NaN) - (expected[index] ?? NaN)));
  return largest;
}

/** The numbers of a matrix [rows, columns] from those of its transpose. */
function turned(numbers: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, index) => numbers[(index % columns) * rows + Math.floor(index / columns)] ?? NaN);
}

/** |actual - expected| / |expected| as vectors. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < expected.length; index += 1) {
    difference += ((actual[index] ?? NaN) - (expected[index] ?? NaN)) ** 2;
    norm += (expected[index] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / norm);
}
