import { adapterScaling, adapterTensorName, loraAdapterConfig, readAdapter, writeAdapter, type Adapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { empty, noGrad, ops, scope, zeros, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { lowRankFactors } from './low-rank.js';
import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';
import { MergeParameters } from './merge-parameters.js';
import { findMergeMethod } from './methods.js';
import { tensorSeed } from './tensor-seed.js';
import { weightDtype } from './weight-dtype.js';

/**
 * How updates B A of several adapters become one:
 * `stack`: side by side, exactly their weighted sum; the ranks add up (PEFT's cat).
 * `factors`: the A's by the method, and the B's by the method; cheap, needs one rank (PEFT's linear, ties …).
 * `updates`: the products by the method, cut back to `rank` by singular values (PEFT's svd, ties_svd …).
 */
export const adapterCombinations = ['stack', 'factors', 'updates'] as const;
export type AdapterCombination = (typeof adapterCombinations)[number];

export interface MergeAdaptersOptions {
  /** PEFT folders, of one base. */
  readonly adapters: readonly string[];
  readonly combination: AdapterCombination;
  /** A merge method for any number of models; task_arithmetic (the weighted sum) when left out. Of `stack` always that. */
  readonly method?: string;
  /** Of the method; `weight` is 1 for each adapter when left out. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Of `updates`; the largest rank of the adapters when left out. */
  readonly rank?: number;
  readonly seed?: number;
}

export interface AdapterMerge {
  readonly combination: AdapterCombination;
  readonly method: string;
  readonly modules: number;
  readonly largestRank: number;
  /** What of the merged updates (root of the sum of squares) the cut to the rank left out, as a share. */
  readonly lostShare: number;
  readonly seconds: number;
}

interface Factors {
  /** [rank, in] */
  readonly a: Tensor;
  /** [out, rank] */
  readonly b: Tensor;
}

interface Update extends Factors {
  /** What the product is multiplied by. */
  readonly scaling: number;
}

/**
 * One LoRA adapter of several; its scaling is 1. A module that an adapter does not have counts as no update.
 *
 * @throws MergeError `adapter-unsupported`, `adapter-misfit`, `wrong-merge-parameter`, `wrong-merge-inputs`
 */
export async function mergeAdapters(options: MergeAdaptersOptions, outFolder: string, context: WorkContext): Promise<AdapterMerge> {
  const started = performance.now();
  const { combination, rank, seed = 0 } = options;
  const method = findMergeMethod(combination === 'stack' ? 'task_arithmetic' : (options.method ?? 'task_arithmetic'));
  const parameters = checkRequest(options, method);
  await using opened = new AsyncDisposableStack();
  const adapters: Adapter[] = [];
  for (const folder of options.adapters) adapters.push(opened.use(await readAdapter(folder)));
  for (const adapter of adapters) checkAdapter(adapter);
  const modules = [...new Set(adapters.flatMap((adapter) => [...adapter.modules.keys()]))];
  const mostRank = rank ?? Math.max(...adapters.flatMap((adapter) => [...adapter.modules.keys()].map((module) => adapterScaling(adapter.config, module).rank)));

  const tensors: SafetensorsEntry[] = [];
  const ranks: Record<string, number> = {};
  let [all, lost, done] = [0, 0, 0];
  for (const module of modules) {
    context.signal.throwIfAborted();
    using own = new DisposableStack();
    const factors: (Update | null)[] = [];
    for (const adapter of adapters) {
      const read = await readFactors(adapter, module);
      if (read) [read.a, read.b].forEach((tensor) => own.use(tensor));
      factors.push(read);
    }
    checkShapes(module, factors);
    const made = noGrad(() => scope(() => {
      const merged = combination === 'stack' ? stack(factors, parameters) : combination === 'factors' ? byFactors(module, factors, method, options.parameters, parameters, seed) : byUpdates(module, factors, method, parameters, mostRank, seed);
      return { a: entry(module, 'a', merged.a), b: entry(module, 'b', merged.b), squares: merged.squares ?? 0, left: merged.left ?? 0 };
    }));
    all += made.squares;
    lost += made.left;
    ranks[module] = made.a.shape[0]!;
    tensors.push(made.a, made.b);
    done += 1;
    context.onProgress({ phase: 'merge-adapters', done, total: modules.length, unit: 'modules' });
  }
  const largestRank = Math.max(...Object.values(ranks));
  const others = Object.fromEntries(Object.entries(ranks).filter(([, each]) => each !== largestRank));
  const [{ config: first }] = adapters as [Adapter];
  await writeAdapter(outFolder, {
    config: loraAdapterConfig({
      rank: largestRank, alpha: largestRank, targetModules: [...new Set(modules.map((module) => module.split('.').at(-1)!))], baseModel: first.baseModel, rankPattern: others, alphaPattern: others, fanInFanOut: first.fanInFanOut,
    }),
    tensors,
  });
  return { combination, method: method.name, modules: modules.length, largestRank, lostShare: all === 0 ? 0 : Math.sqrt(lost / all), seconds: (performance.now() - started) / 1000 };
}

function checkRequest({ adapters, combination, method: named, parameters: given = {}, rank }: MergeAdaptersOptions, method: MergeMethod): MergeParameters {
  const { takes } = method;
  if (takes.kind !== 'models' || takes.most !== Infinity) throw new MergeError('wrong-merge-inputs', `merge-adapters: expected a method for any number of models, such as task_arithmetic, ties or dare_linear; got ${method.name}`, { method: method.name });
  if (adapters.length < Math.max(1, takes.least)) throw new MergeError('wrong-merge-inputs', `merge-adapters: expected at least ${Math.max(1, takes.least)} adapters; got ${adapters.length}`, { adapters: adapters.length });
  if (combination === 'stack' && named !== undefined && method.name !== findMergeMethod(named).name) throw new MergeError('wrong-merge-parameter', `merge-adapters: expected no method with the combination stack, which is the weighted sum; got ${named}`, { method: named });
  if (rank !== undefined && (combination !== 'updates' || !Number.isInteger(rank) || rank < 1)) throw new MergeError('wrong-merge-parameter', `merge-adapters.rank: expected a whole number of at least 1, with the combination updates alone; got ${rank} with ${combination}`, { parameter: 'rank' });
  return new MergeParameters(method, 'weight' in method.parameters ? { weight: 1, ...given } : given, adapters.length);
}

function checkAdapter({ config, modules, replacements, path }: Adapter): void {
  const odd = replacements.size > 0 ? [...replacements.keys()][0] : [...modules].find(([, { a, b, bias, magnitude }]) => !a || !b || bias || magnitude)?.[0];
  if (odd !== undefined || config.useDora) throw new MergeError('adapter-unsupported', `merge-adapters: expected adapters of A and B alone; ${path} has something else${odd === undefined ? '' : ` at ${odd}`} (DoRA, biases, whole weights, embeddings). Fold it into its base instead.`, { path });
}

function checkShapes(module: string, factors: readonly (Factors | null)[]): void {
  const [first, ...others] = factors.filter((each) => each !== null);
  const shape = ({ a, b }: Factors): string => `[${b.shape[0]}, ${a.shape[1]}]`;
  for (const other of others) if (shape(other) !== shape(first!)) throw new MergeError('adapter-misfit', `merge-adapters: expected updates of ${module} of one shape; got ${shape(first!)} and ${shape(other)}. Give adapters of one base.`, { module });
}

/** In float32; null where the adapter leaves the module alone. */
async function readFactors({ config, modules, tensors }: Adapter, module: string): Promise<Update | null> {
  const found = modules.get(module);
  if (!found) return null;
  const read = async (name: string): Promise<Tensor> => {
    const { dtype, shape } = tensors.info(name);
    using stored = empty(shape, { dtype: weightDtype(dtype) });
    stored.writeBytes(await tensors.read(name));
    return ops.toDtype(stored, 'float32', true);
  };
  return { a: await read(found.a!), b: await read(found.b!), scaling: adapterScaling(config, module).scale };
}

interface Merged extends Factors {
  readonly squares?: number;
  readonly left?: number;
}

function stack(factors: readonly (Update | null)[], parameters: MergeParameters): Merged {
  const weights = parameters.numbers('weight');
  const present = factors.flatMap((each, index) => (each ? [{ ...each, weight: weights[index]! }] : []));
  return { a: ops.cat(present.map(({ a }) => a), 0), b: ops.cat(present.map(({ b, scaling, weight }) => ops.mulScalar(b, scaling * weight)), 1) };
}

/** Scaling and weight go to both sides, the root of each; the sign of a weight to B. */
function byFactors(module: string, factors: readonly (Update | null)[], method: MergeMethod, given: MergeAdaptersOptions['parameters'], parameters: MergeParameters, seed: number): Merged {
  const ranks = new Set(factors.flatMap((each) => (each ? [each.a.shape[0]!] : [])));
  if (ranks.size > 1) throw new MergeError('adapter-misfit', `merge-adapters: expected one rank of ${module} with the combination factors; got ${[...ranks].join(' and ')}. Use updates or stack.`, { module, ranks: [...ranks] });
  const template = factors.find((each) => each !== null)!;
  const of = (side: 'a' | 'b'): Tensor => {
    const weights = 'weight' in method.parameters ? { weight: parameters.numbers('weight').map((weight) => Math.sqrt(Math.abs(weight)) * (side === 'b' && weight < 0 ? -1 : 1)) } : {};
    const models = factors.map((each) => (each ? ops.mulScalar(each[side], Math.sqrt(each.scaling)) : zeros(template[side].shape)));
    return applyMethod(`${module}.${side}`, models, method, new MergeParameters(method, { ...given, ...weights }, factors.length), seed);
  };
  return { a: of('a'), b: of('b') };
}

function byUpdates(module: string, factors: readonly (Update | null)[], method: MergeMethod, parameters: MergeParameters, rank: number, seed: number): Merged {
  const template = factors.find((each) => each !== null)!;
  const updates = factors.map((each) => (each ? ops.mulScalar(ops.matmul(each.b, each.a), each.scaling) : zeros([template.b.shape[0]!, template.a.shape[1]!])));
  const merged = applyMethod(module, updates, method, parameters, seed);
  const { a, b } = lowRankFactors(merged, () => rank);
  const squares = (tensor: Tensor): number => ops.sumAll(ops.square(tensor), 'float64').item();
  return { a, b, squares: squares(merged), left: squares(ops.sub(merged, ops.matmul(b, a))) };
}

/** The base of an update is nothing. */
function applyMethod(name: string, models: readonly Tensor[], method: MergeMethod, parameters: MergeParameters, seed: number): Tensor {
  const base = method.takes.kind === 'models' && method.takes.base === 'required' ? zeros(models[0]!.shape) : null;
  return method.merge({ name, role: 'other', transposed: false, base, models, update: null, seed: tensorSeed(seed, name), findings: null }, parameters);
}

function entry(module: string, role: 'a' | 'b', tensor: Tensor): SafetensorsEntry & { readonly bytes: Uint8Array } {
  return { name: adapterTensorName(module, role), dtype: 'F32', shape: [...tensor.shape], bytes: ops.contiguous(tensor).toBytes() };
}
