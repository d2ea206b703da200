import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel } from '@tunesmith/models';
import { liveTensors, ops, scope, setThreads, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { ConversationFormat } from '@tunesmith/tokenizers';
import type { Objective } from '../objective.js';
import { AdamW, adamWDefaults } from '../optimizers/adamw.js';
import { objectiveReferences } from '../testing/objective-references.js';
import { tinyMaterial, tinyModelFolder } from '../testing/reference-curves.js';
import { trainStep } from '../train-step.js';
import { dpo } from './dpo.js';

// The reference is trl's DPO trainer: tests/parity/make-objective-fixtures.py.

const { pairs, end, learningRate, beta, sigmoid, withSft } = objectiveReferences.dpo;
const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };

/** A conversation whose words are token ids; the fixture's model has no tokenizer. */
const wordsAreIds: Pick<ConversationFormat, 'encodeForTraining'> = {
  encodeForTraining(_tokenizer, messages) {
    const [prompt, answer] = messages.map(({ content }) => content.split(' ').map(Number)) as [number[], number[]];
    return { tokenIds: [...prompt, ...answer, end], lossMask: [...prompt.map(() => false), ...answer.map(() => true), true] };
  },
};

async function preferences(folder: string, sftWeight: number): Promise<Objective> {
  const rows = pairs.map(({ prompt, chosen, rejected }) => ({ messages: [{ role: 'user', content: prompt.join(' ') }, { role: 'assistant', content: chosen.join(' ') }], rejected: rejected.join(' '), split: 'train' }));
  await writeFile(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return dpo(tinyMaterial({ datasetFolder: folder, format: () => wordsAreIds as ConversationFormat }), { kind: 'dpo', beta, sftWeight });
}

beforeAll(() => setThreads(1));

test.each([['the preference alone', 0, sigmoid], ['with the chosen answer learned beside it', 0.7, withSft]] as const)('follows trl for ten steps, in one pass or two: %s', async (_name, sftWeight, curve) => {
  await using folder = await temporaryFolder();
  using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
  const objective = await preferences(folder.path, sftWeight);
  const { examples } = await objective.examples('train');
  await objective.begin!(model, examples, context);
  const parameters = [...model.parameters()].map(([name, tensor]) => ({ name, tensor: tensor.setRequiresGrad(true) }));
  using optimizer = new AdamW(parameters, adamWDefaults);
  curve.loss.forEach((expected, step) => {
    const before = liveTensors();
    const passes = step % 2 === 0 ? [examples] : examples.map((example) => [example]);
    const result = trainStep({ model, method: {}, objective, parameters, optimizer }, passes, { step, steps: curve.loss.length, learningRate, maxGradientNorm: 1 });
    expect(liveTensors()).toBe(before);
    expect(Math.abs(result.loss - expected)).toBeLessThan(1e-4);
    expect(Math.abs(result.gradientNorm - curve.gradientNorm[step]!)).toBeLessThan(1e-3 * curve.gradientNorm[step]!);
  });
  objective[Symbol.dispose]!();
});

test('what the reference said is remembered: a resumed run has it from the state, and without it the loss is none', async () => {
  await using folder = await temporaryFolder();
  using model = (await loadModel(tinyModelFolder, { dtype: 'float32' })).model;
  const [first, resumed] = [await preferences(folder.path, 0), await preferences(folder.path, 0)];
  const [{ examples }, { examples: again }] = [await first.examples('train'), await resumed.examples('train')];
  await first.begin!(model, examples, context);
  scope(() => {
    ops.mulScalarInPlace(model.parameters().get('model.norm.weight')!, 1.5);
    const loss = first.loss(model, examples, 2).item();
    expect(loss).not.toBeCloseTo(Math.log(2), 3);
    expect(resumed.loss(model, again, 2).item()).toBeNaN();
    for (const [name, tensor] of resumed.state!()) tensor.writeBytes((first.state!().get(name) as Tensor).toBytes());
    expect(resumed.loss(model, again, 2).item()).toBe(loss);
  });
  const before = liveTensors();
  for (const objective of [first, resumed]) objective[Symbol.dispose]!();
  expect(liveTensors()).toBe(before - 2);
});
