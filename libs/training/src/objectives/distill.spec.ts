import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float16FromFloat32 } from '@tunesmith/checkpoints';
import { loadModel } from '@tunesmith/models';
import { defaultDevice, liveTensors, noGrad, ops, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { ConversationFormat } from '@tunesmith/tokenizers';
import type { Example } from '../objective.js';
import { packedTokens } from '../packed-tokens.js';
import { DistributionsWriter } from '../distributions-writer.js';
import type { RowDistributions } from '../stored-distributions.js';
import { objectiveReferences, teacherFolder } from '../testing/objective-references.js';
import { tinyMaterial, tinyModelFolder } from '../testing/reference-curves.js';
import type { DistillOptions } from '../train-options.js';
import { distill } from './distill.js';

// The reference is the plain formula over all logits in torch: tests/parity/make-objective-fixtures.py.

const { rows, cases } = objectiveReferences.distill;
const context = { signal: new AbortController().signal, onProgress() {} };
const examples = rows.map((row, index): Example => ({ index, rows: [{ ...row, index }], tokens: row.tokenIds.length, weight: row.lossMask.slice(1).filter(Boolean).length }));
const denominator = examples.reduce((sum, { weight }) => sum + weight, 0);

beforeAll(() => setThreads(1));

test.each(cases)('equals torch, loss and gradients, in one pass or two: $divergence at $temperature, top $topK, labels $labelShare', async ({ loss, gradientNorms, ...options }) => {
  using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
  const objective = distill(tinyMaterial({ teacherFolder }), { kind: 'distill', ...options });
  await objective.open!(context);
  const parameters = model.parameters();
  for (const parameter of parameters.values()) parameter.setRequiresGrad(true);
  const before = liveTensors();
  expect(Math.abs(noGrad(() => scope(() => objective.loss(model, examples, denominator).item())) - loss)).toBeLessThan(1e-5);
  for (const passes of [[examples], examples.map((example) => [example])]) {
    let total = 0;
    for (const pass of passes) {
      total += scope(() => {
        const part = objective.loss(model, pass, denominator);
        part.backward();
        return part.item();
      });
    }
    expect(Math.abs(total - loss)).toBeLessThan(1e-5);
    for (const [name, parameter] of parameters) {
      scope(() => expect(Math.abs(ops.norm(parameter.grad!).item() - gradientNorms[name]!)).toBeLessThan(1e-4 * Math.max(gradientNorms[name]!, 0.01)));
      parameter.zeroGrad();
    }
  }
  expect(liveTensors()).toBe(before);
  objective[Symbol.dispose]!();
});

describe('what a teacher said, stored', () => {
  const entries = 7;
  const firstPlace = 1; // the questions have two tokens
  const crossEntropy = Math.log(4);
  /** Conversations whose words are token ids. */
  const format = (): ConversationFormat =>
    ({
      encodeForTraining(_tokenizer, messages) {
        const [prompt, answer] = messages.map(({ content }) => content.split(' ').map(Number)) as [number[], number[]];
        return { tokenIds: [...prompt, ...answer], lossMask: [...prompt.map(() => false), ...answer.map(() => true)] };
      },
    }) as ConversationFormat;
  const options: DistillOptions = { kind: 'distill', divergence: 'forward-kl', temperature: 1.5, topK: entries, labelShare: 0.9 };

  async function store(folder: string): Promise<void> {
    const lines = rows.map(({ tokenIds }) => ({ messages: [{ role: 'user', content: tokenIds.slice(0, 2).join(' ') }, { role: 'assistant', content: tokenIds.slice(2).join(' ') }], split: 'train' }));
    await writeFile(join(folder, 'rows.jsonl'), lines.map((row) => `${JSON.stringify(row)}\n`).join(''));
    using teacher = (await loadModel(teacherFolder, { dtype: 'float32' })).model;
    const said = rows.map(({ tokenIds }): RowDistributions => scope(() => noGrad(() => {
      const positions = Int32Array.from(tokenIds.keys());
      const logits = teacher.logits(teacher.hidden(packedTokens({ tokenIds: Int32Array.from(tokenIds), positions, boundaries: [0, tokenIds.length] }, defaultDevice())));
      const [values, indices] = ops.topk(ops.slice(logits, 0, firstPlace, tokenIds.length, 1), entries) as [Tensor, Tensor];
      return { tokenIds, places: positions.slice(firstPlace), indices: Int32Array.from(indices.toArray()), logits: float16FromFloat32(Float32Array.from(values.toArray())), crossEntropy };
    })));
    await using writer = await DistributionsWriter.create(folder, entries);
    for (const row of said) await writer.append('train', row);
    await writer.finish();
  }

  test('teaches what the live teacher teaches, up to the rounding of its logits', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path);
    using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
    const objective = distill(tinyMaterial({ datasetFolder: folder.path, format }), options);
    const set = await objective.examples('train');
    await objective.open!(context);
    const { loss } = cases.find(({ topK, divergence }) => topK === entries && divergence === 'forward-kl')!;
    expect(Math.abs(scope(() => objective.loss(model, set.examples, denominator).item()) - loss)).toBeLessThan(1e-3);
    // In any order, too: each place finds its own.
    expect(Math.abs(scope(() => objective.loss(model, set.examples.toReversed(), denominator).item()) - loss)).toBeLessThan(1e-3);
    const fewer = distill(tinyMaterial({ datasetFolder: folder.path, format }), { ...options, topK: 3 });
    const { examples: same } = await fewer.examples('train');
    expect(scope(() => fewer.loss(model, same, denominator).item())).not.toBeCloseTo(loss, 2);
  });

  test('mixes by a share that stays, that grows, or that follows how well the teacher knew the row', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path);
    using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
    const lossOf = async (change: Partial<DistillOptions>, step = 0): Promise<number> => {
      const objective = distill(tinyMaterial({ datasetFolder: folder.path, format }), { ...options, temperature: 1, ...change });
      const { examples: set } = await objective.examples('train');
      objective.beforeStep!({ step, steps: 4 });
      const loss = scope(() => objective.loss(model, set, denominator).item());
      objective[Symbol.dispose]!();
      return loss;
    };
    const [labels, teacher] = [await lossOf({ labelShare: 1 }), await lossOf({ labelShare: 0 })];
    const mixed = (share: number): number => share * labels + (1 - share) * teacher;
    expect(Math.abs(labels - teacher)).toBeGreaterThan(0.1);
    expect(await lossOf({ labelShare: 0.5 }, 3)).toBeCloseTo(mixed(0.5), 5);
    // FuseChat: share + (1 - share) * step / steps
    for (const step of [0, 1, 3]) expect(await lossOf({ labelShare: 0.5, mixing: 'hard-and-decay' }, step)).toBeCloseTo(mixed(0.5 + (0.5 * step) / 4), 5);
    expect(await lossOf({ mixing: 'soft' })).toBeCloseTo(mixed(1 - Math.exp(-crossEntropy)), 5);
    await expect(distill(tinyMaterial({ teacherFolder }), { ...options, mixing: 'soft' }).examples('train')).rejects.toMatchObject({ code: 'bad-settings' });
  });

  test('refuses other rows, fewer entries, split rows, and neither teacher nor store', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path);
    const material = tinyMaterial({ datasetFolder: folder.path, format });
    await expect(distill(material, { ...options, topK: 8 }).examples('train')).rejects.toMatchObject({ code: 'distributions-too-few' });
    await expect(distill({ ...material, longRows: 'split' }, options).examples('train')).rejects.toMatchObject({ code: 'cannot-split' });
    await expect(distill(material, options).examples('validation')).rejects.toMatchObject({ code: 'distributions-missing' });
    await writeFile(join(folder.path, 'rows.jsonl'), `${JSON.stringify({ messages: [{ role: 'user', content: '1 2' }, { role: 'assistant', content: '3' }], split: 'train' })}\n`);
    await expect(distill(material, options).examples('train')).rejects.toMatchObject({ code: 'distributions-of-others', message: expect.stringContaining('row 1 of train') });
    await using empty = await temporaryFolder();
    await expect(distill(tinyMaterial({ datasetFolder: empty.path, format }), options).examples('train')).rejects.toMatchObject({ code: 'no-teacher' });
  });
});
