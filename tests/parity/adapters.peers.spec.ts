import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readAdapter } from '@tunesmith/checkpoints';
import { mergeModels } from '@tunesmith/merging';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { packTokens, type TargetModules } from '@tunesmith/nn';
import { noGrad, scope, setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { readFixture, type FamilyFixture } from '../../libs/models/src/testing/family-fixture.js';
import { adalora } from '../../libs/training/src/methods/adalora.js';
import { lora } from '../../libs/training/src/methods/lora.js';
import { AdamW, adamWDefaults } from '../../libs/training/src/optimizers/adamw.js';
import { plainAdaLora, plainLora, tinyObjective } from '../../libs/training/src/testing/reference-curves.js';
import { trainStep } from '../../libs/training/src/train-step.js';
import type { LoraOptions } from '../../libs/training/src/train-options.js';
import type { TuningMethod } from '../../libs/training/src/tuning-method.js';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Adapters in PEFT's format, both ways: ours are tuned for a few steps, saved and loaded in PEFT on transformers' model; PEFT's are random, saved
// and folded into the base by us. All in float32. One Python process does PEFT's part of all cases (adapters-in-peft.py).

type Maker = 'ours' | 'theirs';

const tolerance = 1e-4;
/** What an adapter must at least change of the plain model's logits, or it would show nothing. */
const leastEffect = 0.05;

const expertsFixture = 'mixtral-published';
/** One fixture of each family. */
const fixtures = [
  'llama-grouped-tied', 'mistral-window', expertsFixture, 'qwen2-published-tied', 'qwen3-published-tied', 'gemma2-published', 'gemma3-pattern', 'phi3-partial-longrope-tied',
  'gpt2-new-gelu', 'gpt-neo-alternating', 'gpt-neox-parallel', 't5-gated-untied',
] as const;

const loraMethod = (changes: Partial<LoraOptions>) => (targetModules: TargetModules) => lora({ ...plainLora, rank: 2, alpha: 6, targetModules, ...changes }, { dtype: 'float32', seed: 3 });
/** How ours are made. */
const ours: Readonly<Record<string, (targetModules: TargetModules) => TuningMethod>> = {
  LoRA: loraMethod({}),
  rsLoRA: loraMethod({ rankStabilized: true }),
  DoRA: loraMethod({ decomposed: true }),
  PiSSA: loraMethod({ initialization: 'pissa' }),
  OLoRA: loraMethod({ initialization: 'olora', rankStabilized: true }),
  AdaLoRA: (targetModules) => adalora({ ...plainAdaLora, initialRank: 3, targetRank: 2, interval: 1, targetModules }, { dtype: 'float32', seed: 3 }),
};
/** How PEFT's are made: changes of its LoraConfig. */
const theirs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { LoRA: {}, rsLoRA: { use_rslora: true }, DoRA: { use_dora: true } };

const attention = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
/**
 * Transformers 5 keeps the experts of a Mixtral layer in one parameter. PEFT 0.20 takes an adapter with a name for each expert, as ours are, but
 * - rsLoRA: divides by the square root of the doubled rank of its fused gate and up, so that their update is √2 too large;
 * - DoRA: has none on parameters;
 * - AdaLoRA: wants one rank for all experts;
 * so these adapt the attention only. Its own adapters of experts name parameters (target_parameters), which we refuse by name.
 */
function targetsOf(fixture: string, maker: Maker, variant: string): TargetModules {
  const wholeModel = fixture !== expertsFixture || (maker === 'ours' && (variant === 'LoRA' || variant === 'PiSSA'));
  return wholeModel ? 'all-linear' : attention;
}

interface Case {
  readonly fixture: FamilyFixture;
  readonly folder: string;
  /** What adapters-in-peft.py is asked. */
  readonly task: { readonly model: string; readonly adapter: string; readonly logits: string; readonly make: Readonly<Record<string, unknown>> | null };
  /** Of ours: the tuned model's. */
  tuned?: Float32Array;
  /** What went wrong in PEFT. */
  failure?: string | null;
}

const context = { signal: new AbortController().signal, onProgress: () => undefined };
const cases = new Map<string, Case>();
const largest: Record<Maker, { difference: number; where: string }> = { ours: { difference: 0, where: '' }, theirs: { difference: 0, where: '' } };
let scratch: Awaited<ReturnType<typeof temporaryFolder>> | undefined;

beforeAll(async () => {
  setThreads(1);
  const peers = findPythonPeers();
  if (peers === undefined) throw new Error('expected a Python environment with PEFT and transformers; TUNESMITH_PEERS names none, and none was made yet. Try npm run test:peers, which makes one.');
  scratch = await temporaryFolder('adapters');
  for (const name of fixtures) {
    const fixture = await readFixture(name);
    for (const [variant, method] of Object.entries(ours)) {
      const made = await addCase(fixture, caseName('ours', name, variant), null);
      made.tuned = await tune(fixture, method(targetsOf(name, 'ours', variant)), made.task.adapter);
    }
    // PEFT 0.20 cannot wrap encoder-decoders of transformers 5 as such, only as plain modules (see the script).
    const common = { r: 3, lora_alpha: 5, ...(fixture.sources ? {} : { task_type: 'CAUSAL_LM' }) };
    for (const [variant, changes] of Object.entries(theirs)) await addCase(fixture, caseName('theirs', name, variant), { ...common, target_modules: targetsOf(name, 'theirs', variant), ...changes });
    if (name === expertsFixture) await addCase(fixture, caseName('theirs', name, 'experts'), { ...common, target_modules: 'all-linear' });
  }
  const tasks = join(scratch.path, 'tasks.json');
  await writeFile(tasks, JSON.stringify([...cases.values()].map(({ task }) => task)));
  const { stdout } = await promisify(execFile)(join(peers, 'bin', 'python'), [join(import.meta.dirname, 'adapters-in-peft.py'), tasks], {
    env: { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' }, maxBuffer: 1 << 26,
  });
  const failures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as (string | null)[];
  [...cases.values()].forEach((each, index) => (each.failure = failures[index]));
}, 1_200_000);

afterAll(async () => {
  await scratch?.remove();
  const said = { ours: 'our adapters in PEFT', theirs: "PEFT's adapters here" };
  for (const maker of ['ours', 'theirs'] as const) {
    const { difference, where } = largest[maker];
    if (where) process.stderr.write(`largest difference of logits, ${said[maker]}: ${difference.toExponential(1)} (${where})\n`);
  }
});

describe.each(fixtures)('%s', (name) => {
  test.each(Object.keys(ours))('our %s adapter is in PEFT what it is here', async (variant) => {
    const { tuned, task, fixture } = done('ours', name, variant);
    const logits = await readLogits(task.logits);
    expect(largestDifference(logits, fixture.logits)).toBeGreaterThan(leastEffect);
    expectSame('ours', `${name}, ${variant}`, logits, tuned!);
  });

  test.each(Object.keys(theirs))('the %s adapter that PEFT saved is here, folded in, what it is there', async (variant) => {
    const { folder, task, fixture } = done('theirs', name, variant);
    const merged = join(folder, 'merged');
    await mergeModels({ base: task.model, adapter: task.adapter, models: [], method: 'lora-fold', parameters: {} }, merged, context);
    using model = (await loadModel(merged, { dtype: 'float32' })).model;
    const logits = await readLogits(task.logits);
    expect(largestDifference(logits, fixture.logits)).toBeGreaterThan(leastEffect);
    expectSame('theirs', `${name}, ${variant}`, logitsOf(model, fixture), logits);
  });
});

test("an adapter of PEFT's for Mixtral's fused experts is refused by name", async () => {
  const { task } = done('theirs', expertsFixture, 'experts');
  await expect(readAdapter(task.adapter)).rejects.toMatchObject({ code: 'adapter-unsupported-variant', facts: { key: 'target_parameters' } });
});

function caseName(maker: Maker, fixture: string, variant: string): string {
  return `${fixture}-${maker}-${variant}`;
}

async function addCase(fixture: FamilyFixture, name: string, make: Case['task']['make']): Promise<Case> {
  const folder = join(scratch!.path, name);
  await mkdir(folder);
  const added: Case = { fixture, folder, task: { model: fixture.folder, adapter: join(folder, 'adapter'), logits: join(folder, 'logits.f32'), make } };
  cases.set(name, added);
  return added;
}

/** A case after PEFT did its part. */
function done(maker: Maker, fixture: string, variant: string): Case {
  const found = cases.get(caseName(maker, fixture, variant));
  if (found?.failure) throw new Error(`PEFT: ${found.failure}`);
  return found!;
}

/** Eight steps on the fixture's rows; writes the adapter and gives the tuned model's logits. */
async function tune(fixture: FamilyFixture, method: TuningMethod, adapterFolder: string): Promise<Float32Array> {
  const loaded = await loadModel(fixture.folder, { dtype: 'float32', ...(method.parts && { parts: method.parts }) });
  using model = loaded.model;
  method.initialize?.(model);
  const parameters = [...method.trainable(model)].map(([name, tensor]) => ({ name, tensor }));
  using optimizer = new AdamW(parameters, adamWDefaults);
  const examples = fixture.rows.flatMap((tokenIds, index) => {
    const sourceTokenIds = fixture.sources?.[index];
    const row = { tokenIds, lossMask: tokenIds.map(() => true), index, ...(sourceTokenIds && { sourceTokenIds }) };
    return tokenIds.length > 1 ? [{ index, rows: [row], tokens: tokenIds.length, weight: tokenIds.length - 1 }] : [];
  });
  for (let step = 0; step < 8; step += 1) trainStep({ model, method, objective: tinyObjective, parameters, optimizer }, [examples], { step, steps: 8, learningRate: 2e-2, maxGradientNorm: 1 });
  await method.save(model, loaded, adapterFolder);
  const logits = logitsOf(model, fixture);
  method[Symbol.dispose]?.();
  return logits;
}

function logitsOf(model: CausalLanguageModel, { rows, sources }: FamilyFixture): Float32Array {
  return Float32Array.from(scope(() => noGrad(() => model.logits(model.hidden(packTokens(rows, { ...(sources && { sources }) }))).toArray())));
}

async function readLogits(path: string): Promise<Float32Array> {
  return new Float32Array(new Uint8Array(await readFile(path)).buffer);
}

function expectSame(maker: Maker, where: string, actual: Float32Array, expected: Float32Array): void {
  const difference = largestDifference(actual, expected);
  if (difference > largest[maker].difference) largest[maker] = { difference, where };
  expect(difference).toBeLessThan(tolerance);
}

/** Infinity where one is not finite, or has another size. */
function largestDifference(actual: Float32Array, expected: Float32Array): number {
  const differences = actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN)));
  return actual.length === expected.length && differences.every(Number.isFinite) ? differences.reduce((most, each) => Math.max(most, each), 0) : Infinity;
}
