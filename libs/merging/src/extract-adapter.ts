import { adapterTensorName, loraAdapterConfig, writeAdapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { noGrad, ops, scope, type WorkContext } from '@tunesmith/tensor';
import { lowRankFactors, rankOfEnergy } from './low-rank.js';
import { MergeError } from './merge-error.js';
import { openTunedWeights } from './tuned-weights.js';

export interface ExtractAdapterOptions {
  /** Hugging Face folders. */
  readonly base: string;
  readonly model: string;
  /** The largest rank of a module. */
  readonly rank: number;
  /** Modules that need less for this share of their change (of its squares) get less; 1 gives all the same rank. */
  readonly energy?: number;
  /** Last parts of module names, such as q_proj; all linear layers when left out. */
  readonly targetModules?: readonly string[];
  /** What the adapter says it belongs to. */
  readonly baseName?: string | null;
}

export interface AdapterExtraction {
  readonly modules: number;
  readonly largestRank: number;
  readonly parameters: number;
  /** What of the model's change (root of the sum of squares over all weights) the adapter does not hold, as a share. */
  readonly lostShare: number;
  /** Changed weights that no adapter of this kind reaches (embeddings, norms, biases, modules that were not named), the largest first. */
  readonly unreached: readonly { readonly name: string; readonly change: number }[];
  readonly seconds: number;
}

/**
 * The LoRA adapter nearest to what tuning changed: the truncated singular value decomposition of model - base for each linear layer. scaling is 1.
 *
 * @throws MergeError `wrong-merge-parameter`, `extract-nothing` where no linear layer changed, and what `openTunedWeights` throws
 */
export async function extractAdapter(options: ExtractAdapterOptions, outFolder: string, context: WorkContext): Promise<AdapterExtraction> {
  const started = performance.now();
  const { rank, energy = 1, targetModules, baseName = null } = options;
  if (!Number.isInteger(rank) || rank < 1) throw new MergeError('wrong-merge-parameter', `extract-adapter.rank: expected a whole number of at least 1; got ${rank}`, { parameter: 'rank' });
  if (!(energy > 0 && energy <= 1)) throw new MergeError('wrong-merge-parameter', `extract-adapter.energy: expected a number above 0, at most 1; got ${energy}`, { parameter: 'energy' });
  await using tuned = await openTunedWeights(options.base, options.model);
  const moduleOf = (name: string): string => name.replace(/\.weight$/, '');
  const lastPart = (name: string): string => moduleOf(name).split('.').at(-1)!;
  const unknown = (targetModules ?? []).filter((target) => !tuned.linears.some(({ huggingFace }) => lastPart(huggingFace) === target));
  if (unknown.length > 0) {
    const known = [...new Set(tuned.linears.map(({ huggingFace }) => lastPart(huggingFace)))];
    throw new MergeError('wrong-merge-parameter', `extract-adapter.targetModules: expected names among ${known.join(', ')}; got ${unknown.join(', ')}`, { parameter: 'targetModules', unknown });
  }

  const tensors: SafetensorsEntry[] = [];
  const ranks: Record<string, number> = {};
  const unreached: { name: string; change: number }[] = [];
  let [all, lost, done] = [0, 0, 0];
  for (const weight of tuned.weights) {
    context.signal.throwIfAborted();
    const name = weight.huggingFace;
    using difference = await tuned.difference(weight);
    const squares = noGrad(() => scope(() => ops.sumAll(ops.square(difference), 'float64').item()));
    all += squares;
    const reached = tuned.linears.includes(weight) && (targetModules?.includes(lastPart(name)) ?? true);
    if (!reached) {
      lost += squares;
      if (squares > 0) unreached.push({ name, change: Math.sqrt(squares) });
    } else if (squares > 0) {
      const { a, b, left } = noGrad(() => scope(() => {
        const factors = lowRankFactors(difference, (values) => Math.min(rank, energy < 1 ? rankOfEnergy(values, energy) : rank));
        const rest = ops.sub(difference, ops.matmul(factors.b, factors.a));
        return { a: { shape: factors.a.shape, bytes: factors.a.toBytes() }, b: { shape: factors.b.shape, bytes: factors.b.toBytes() }, left: ops.sumAll(ops.square(rest), 'float64').item() };
      }));
      lost += left;
      ranks[moduleOf(name)] = a.shape[0]!;
      tensors.push({ name: adapterTensorName(moduleOf(name), 'a'), dtype: 'F32', ...a }, { name: adapterTensorName(moduleOf(name), 'b'), dtype: 'F32', ...b });
    }
    done += 1;
    context.onProgress({ phase: 'extract', done, total: tuned.weights.length, unit: 'tensors' });
  }
  if (tensors.length === 0) throw new MergeError('extract-nothing', 'extract-adapter: expected a model whose linear layers differ from those of its base; none does. Look at whether the two were exchanged, or are the same.');
  const largestRank = Math.max(...Object.values(ranks));
  const others = Object.fromEntries(Object.entries(ranks).filter(([, each]) => each !== largestRank));
  await writeAdapter(outFolder, {
    config: loraAdapterConfig({
      rank: largestRank, alpha: largestRank, targetModules: [...new Set(Object.keys(ranks).map(lastPart))], baseModel: baseName, rankPattern: others, alphaPattern: others,
      fanInFanOut: tuned.linears.some(({ stored }) => stored === 'transposed'),
    }),
    tensors,
  });
  return {
    modules: Object.keys(ranks).length, largestRank, parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size), 0),
    lostShare: Math.sqrt(lost / all), unreached: unreached.sort((one, other) => other.change - one.change), seconds: (performance.now() - started) / 1000,
  };
}
