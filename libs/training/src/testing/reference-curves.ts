import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, type CausalLanguageModel, type LoadedModel } from '@tunesmith/models';
import { liveTensors } from '@tunesmith/tensor';
import type { Example } from '../objective.js';
import { sft } from '../objectives/sft.js';
import { AdamW, adamWDefaults } from '../optimizers/adamw.js';
import type { OptimizedParameter } from '../optimizer.js';
import type { AdaLoraOptions, LoraOptions } from '../train-options.js';
import { trainStep } from '../train-step.js';
import type { TrainingMaterial } from '../training-material.js';
import type { TuningMethod } from '../tuning-method.js';

/** What a reference saw in every step. */
export interface Curve {
  loss: number[];
  gradientNorm: number[];
}

interface References extends Record<'full' | 'lora' | 'rslora' | 'dora' | 'pissa' | 'olora', Curve> {
  rows: { tokenIds: number[]; lossMask: boolean[] }[];
  settings: { clip: number; weightDecay: number };
  learningRate: number[];
  adapter: { rank: number; alpha: number; targetModules: string[]; start: Record<string, number[]> };
  loraplus: Curve & { ratio: number };
  adalora: Curve & {
    settings: { initialRank: number; targetRank: number; alpha: number; warmupSteps: number; finalSteps: number; interval: number; beta1: number; beta2: number; orthogonality: number };
    start: Record<string, number[]>;
    kept: Record<string, boolean[]>;
  };
  galore: Curve & { rank: number; interval: number; scale: number };
}

const fixtures = join(import.meta.dirname, '../../../../tests/parity/fixtures');

/** Made by tests/parity/make-training-fixtures.py. */
export const references = JSON.parse(readFileSync(join(fixtures, 'training/expected.json'), 'utf8')) as References;
export const tinyModelFolder = join(fixtures, 'families/llama-grouped-tied');

/** The rows of the references; the fixture's model has no tokenizer, so they are encoded already. */
export const tinyExamples: readonly Example[] = references.rows.map((row, index) => ({
  index, rows: [{ ...row, index }], tokens: row.tokenIds.length, weight: row.lossMask.slice(1).filter(Boolean).length,
}));

/** Material for objectives whose rows are encoded already, or by a format of the spec's own: the fixture's model has no tokenizer. */
export function tinyMaterial(material: Partial<TrainingMaterial>): TrainingMaterial {
  return { modelFolder: tinyModelFolder, maxLength: 64, longRows: 'refuse', dtype: 'float32', ...material } as TrainingMaterial;
}
export const tinyObjective = sft(tinyMaterial({}), { kind: 'sft', lossScale: 'default' });

export const plainLora: LoraOptions = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear', rankStabilized: false, decomposed: false, initialization: 'zero', learningRateRatio: 1, base: 'as-is' };
export const plainAdaLora: AdaLoraOptions = { kind: 'adalora', initialRank: 4, targetRank: 2, alpha: 8, dropout: 0, targetModules: 'all-linear', warmupRatio: 0.1, finalRatio: 0.3, interval: 2, beta1: 0.85, beta2: 0.85, orthogonality: 0.5 };

export interface TinyRun extends Disposable {
  readonly model: CausalLanguageModel;
  readonly loaded: LoadedModel;
  /** One step on two of the references' four rows, in turn. */
  step(step: number, learningRate?: number): { loss: number; gradientNorm: number };
}

/** The tiny model under a method, ready to step as `trainModel` does it. `folder`: another model. */
export async function startTinyRun(method: TuningMethod, { steps = references.learningRate.length, folder = tinyModelFolder }: { steps?: number; folder?: string } = {}): Promise<TinyRun> {
  const loaded = await loadModel(folder, { dtype: method.dtype, ...(method.parts ? { parts: method.parts } : {}) });
  const { model } = loaded;
  method.initialize?.(model);
  const parameters = [...method.trainable(model)].map(([name, tensor]): OptimizedParameter => ({ name, tensor, learningRateFactor: method.learningRateFactor?.(name) ?? 1 }));
  const optimizer = method.optimizer?.(parameters) ?? new AdamW(parameters, { ...adamWDefaults, weightDecay: references.settings.weightDecay });
  return {
    model,
    loaded,
    step(step, learningRate = references.learningRate[step] ?? 1e-3) {
      // Two passes of one row are the one batch of two rows that the references take.
      const pair = tinyExamples.slice((step % 2) * 2, (step % 2) * 2 + 2);
      const passes = step % 3 === 0 ? pair.map((example) => [example]) : [pair];
      return trainStep({ model, method, objective: tinyObjective, parameters, optimizer }, passes, { step, steps, learningRate, maxGradientNorm: references.settings.clip });
    },
    [Symbol.dispose]() {
      optimizer[Symbol.dispose]();
      model[Symbol.dispose]();
      method[Symbol.dispose]?.();
    },
  };
}

/** Writes the references' A and B, which are not zero. */
export function putStart(model: CausalLanguageModel, start: Readonly<Record<string, number[]>>): void {
  const parameters = model.parameters();
  for (const [name, values] of Object.entries(start)) {
    const parameter = parameters.get(name);
    if (!parameter) throw new RangeError(`the reference starts ${name}, which the model does not have`);
    parameter.writeBytes(Float32Array.from(values));
  }
}

/** The losses equal the reference's within 1e-4 at every step, and no step leaves a tensor behind. */
export function expectCurve(run: TinyRun, { loss, gradientNorm }: Curve): void {
  loss.forEach((expected, step) => {
    const before = liveTensors();
    const result = run.step(step);
    expect(liveTensors()).toBe(before);
    if (!(Math.abs(result.loss - expected) < 1e-4)) throw new Error(`step ${step}: expected the loss ${expected}, got ${result.loss}`);
    expect(Math.abs(result.gradientNorm - gradientNorm[step]!)).toBeLessThan(1e-3 * gradientNorm[step]!);
  });
}
