import { adapterScaling, readAdapter, readModelFolder, readSideFiles, weightDtypes, writeModelFolder, type Adapter, type SafetensorsEntry, type TensorSource } from '@tunesmith/checkpoints';
import { publishedTensors, type PublishedTensors } from '@tunesmith/models';
import { fromBytes, noGrad, ops, scope, type DType, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';
import type { LowRankUpdate, MergeMethod } from './merge-method.js';
import { MergeParameters } from './merge-parameters.js';
import { planMerge, type MergeTask } from './merge-plan.js';
import { findMergeMethod } from './methods.js';
import { tensorSeed } from './tensor-seed.js';

/** What `mergeModels` is asked for; folders are Hugging Face model folders and a PEFT adapter folder. */
export interface MergeOptions {
  readonly base: string;
  readonly adapter?: string;
  readonly models: readonly string[];
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface MergeReport {
  readonly method: string;
  readonly paper: string | null;
  readonly tensors: number;
  readonly changedTensors: number;
  readonly seconds: number;
}

/**
 * Makes one model of a base and an adapter, or of several models. Computes one weight at a time in the base's type and stores it so; the tokenizer, template and configuration are the base's.
 *
 * @throws MergeError for what does not fit together and for a result that is not finite; then nothing is kept.
 */
export async function mergeModels(options: MergeOptions, outFolder: string, context: WorkContext): Promise<MergeReport> {
  const started = performance.now();
  const method = findMergeMethod(options.method);
  checkInputs(method, options);
  const apart = method.takes.kind === 'models' && method.takes.base !== 'member';
  const parameters = new MergeParameters(method, options.parameters, method.takes.kind === 'adapter' ? 0 : options.models.length + (apart ? 0 : 1));

  await using opened = new AsyncDisposableStack();
  const base = opened.use(await readModelFolder(options.base));
  const weights = publishedTensors(base.config, base.tensors);
  const models: PublishedTensors[] = [];
  for (const folder of options.models) {
    const { config, tensors } = opened.use(await readModelFolder(folder));
    models.push(publishedTensors(config, tensors));
  }
  const adapter = options.adapter === undefined ? undefined : opened.use(await readAdapter(options.adapter));

  const updates = adapter ? lowRankUpdates(adapter, weights) : new Map<string, AdapterUpdate>();
  const plan = planMerge(weights, models, new Map([...updates].map(([name, { shape }]) => [name, shape])));
  let done = 0;
  const merged = plan.map((task): SafetensorsEntry => ({
    name: task.name,
    dtype: task.info.dtype,
    shape: task.info.shape,
    // Asked for when its turn comes: one weight of every model is in memory at a time.
    async bytes() {
      context.signal.throwIfAborted();
      const bytes = await mergeTensor(task, { base: weights, models, update: updates.get(task.name), method, parameters });
      done += 1;
      context.onProgress({ phase: 'merge', done, total: plan.length, unit: 'tensors' });
      return bytes;
    },
  }));
  await writeModelFolder(outFolder, {
    config: base.config,
    generationConfig: base.generationConfig,
    files: await readSideFiles(options.base, base.sideFiles),
    tensors: merged,
  });
  const changedTensors = method.takes.kind === 'adapter' ? updates.size : plan.length;
  return { method: method.name, paper: method.paper, tensors: plan.length, changedTensors, seconds: (performance.now() - started) / 1000 };
}

function checkInputs({ name, takes }: MergeMethod, { adapter, models }: MergeOptions): void {
  const got = `${adapter === undefined ? 'no adapter' : 'an adapter'} and ${models.length} further model(s)`;
  const fits = takes.kind === 'adapter' ? adapter !== undefined && models.length === 0 : adapter === undefined && models.length >= takes.least && models.length <= takes.most;
  if (fits) return;
  const expected = takes.kind === 'adapter' ? 'an adapter and no further model' : `no adapter and ${takes.most === Infinity ? `at least ${takes.least}` : takes.most} further model(s)`;
  throw new MergeError('wrong-merge-inputs', `${name}: expected ${expected} besides the base; got ${got}.`, { method: name });
}

interface AdapterUpdate {
  /** Of the weight it updates, as the base stores it: [out, in], or transposed. */
  readonly shape: readonly number[];
  readonly scaling: number;
  read(): Promise<{ a: Tensor; b: Tensor; magnitude?: Tensor }>;
}

/** By the base's weight name. Where the base stores a weight transposed, so is its update: (B A)ᵀ = Aᵀ Bᵀ. */
function lowRankUpdates({ config, modules, replacements, tensors, path }: Adapter, base: PublishedTensors): Map<string, AdapterUpdate> {
  const refuse = (what: string): never => {
    throw new MergeError('adapter-unsupported', `merge: the adapter in ${path} ${what}, which lora-fold does not fold. Merge it with PEFT and import the merged model.`, { path });
  };
  if (replacements.size > 0) refuse(`replaces whole weights (${[...replacements.keys()].slice(0, 3).join(', ')})`);
  return new Map(
    [...modules].map(([module, { a, b, bias, magnitude }]) => {
      if (a === undefined || b === undefined || bias !== undefined || config.useDora !== (magnitude !== undefined)) return refuse(`adapts ${module} in another form than A and B`);
      const shape = [tensors.info(b).shape[0]!, tensors.info(a).shape[1]!];
      const name = `${module}.weight`;
      if (base.isTransposed(name)) {
        const read = async () => ({ a: await readTransposed(tensors, b), b: await readTransposed(tensors, a), ...(magnitude && { magnitude: await readMagnitude(tensors, magnitude, 0) }) });
        return [name, { shape: shape.toReversed(), scaling: adapterScaling(config, module).scale, read }];
      }
      const read = async () => ({ a: await readTensor(tensors, a), b: await readTensor(tensors, b), ...(magnitude && { magnitude: await readMagnitude(tensors, magnitude, 1) }) });
      return [name, { shape, scaling: adapterScaling(config, module).scale, read }];
    }),
  );
}

interface MergeSources {
  readonly base: TensorSource;
  readonly models: readonly TensorSource[];
  readonly update: AdapterUpdate | undefined;
  readonly method: MergeMethod;
  readonly parameters: MergeParameters;
}

async function mergeTensor(task: MergeTask, { base, models, update, method, parameters }: MergeSources): Promise<Uint8Array> {
  // A weight that the adapter leaves alone keeps its very bytes.
  if (method.takes.kind === 'adapter' && !update) return base.read(task.name);
  using own = new DisposableStack();
  const dtype = dtypeOfSafetensors(task.info.dtype);
  const baseTensor = own.use(await readTensor(base, task.name, dtype));
  const others: Tensor[] = [];
  for (const tensors of models) others.push(own.use(await readTensor(tensors, task.name, dtype)));
  let lowRank: LowRankUpdate | null = null;
  if (update) {
    const { a, b, magnitude } = await update.read();
    lowRank = { a: own.use(a), b: own.use(b), scaling: update.scaling, ...(magnitude && { magnitude: own.use(magnitude) }) };
  }
  return noGrad(() =>
    scope(() => {
      const member = method.takes.kind === 'models' && method.takes.base === 'member';
      const inputs = member ? { base: null, models: [baseTensor, ...others] } : { base: baseTensor, models: others };
      const stored = method.merge({ name: task.name, role: 'other', transposed: false, ...inputs, update: lowRank, seed: tensorSeed(0, task.name), findings: null }, parameters);
      if (ops.all(ops.isfinite(stored)).item() !== 1) {
        throw new MergeError('merge-not-finite', `${method.name}: the merged weight "${task.name}" is not finite. Check the inputs with \`tunesmith model import\`, and the method's parameters.`, { tensor: task.name, method: method.name });
      }
      return stored.toBytes();
    }),
  );
}

/** A vector as a row (`along` 0) or a column (1). */
async function readMagnitude(source: TensorSource, name: string, along: 0 | 1): Promise<Tensor> {
  using vector = await readTensor(source, name);
  return ops.unsqueeze(vector, along);
}

/** One weight in float32, or in the type asked for. */
async function readTensor(source: TensorSource, name: string, wanted: DType = 'float32'): Promise<Tensor> {
  const { dtype, shape } = source.info(name);
  using stored = fromBytes(await source.read(name), { shape, dtype: dtypeOfSafetensors(dtype) });
  return ops.toDtype(stored, wanted, true);
}

async function readTransposed(source: TensorSource, name: string): Promise<Tensor> {
  using tensor = await readTensor(source, name);
  return ops.t(tensor);
}

function dtypeOfSafetensors(name: string): DType {
  const dtype = weightDtypes.get(name);
  if (!dtype) throw new MergeError('merge-unsupported-dtype', `merge: expected weights in ${[...weightDtypes.keys()].join(', ')}; got ${name}. Convert the model first.`, { dtype: name });
  return dtype;
}
