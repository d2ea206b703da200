import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float16FromFloat32 } from '@tunesmith/checkpoints';
import { loadModel } from '@tunesmith/models';
import { liveTensors, noGrad, ops, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { ConversationFormat } from '@tunesmith/tokenizers';
import type { Example } from '../objective.js';
import { packedTokens } from '../packed-tokens.js';
import { writeDistributions, type RowDistributions } from '../stored-distributions.js';
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
      const logits = teacher.logits(teacher.hidden(packedTokens({ tokenIds: Int32Array.from(tokenIds), positions, boundaries: [0, tokenIds.length] })));
      const [values, indices] = ops.topk(logits, entries) as [Tensor, Tensor];
      return { tokenIds, indices: Int32Array.from(indices.toArray()), logits: float16FromFloat32(Float32Array.from(values.toArray())) };
    })));
    await writeDistributions(folder, new Map([['train', said]]), entries);
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
