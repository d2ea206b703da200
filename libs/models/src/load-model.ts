import { readModelFolder, weightDtypes, type TensorSource } from '@tunesmith/checkpoints';
import { plainParts, QuantizedLinear, type Parts } from '@tunesmith/nn';
import { defaultDevice, dtypeBytes, empty, noGrad, ops, scope, TunesmithError, type DType, type Tensor } from '@tunesmith/tensor';
import { checkWeights, ModelWeightsError } from './check-weights.js';
import { familyFor } from './families.js';
import { openGgufModel } from './gguf-model.js';
import { GgufTensors } from './gguf-tensors.js';
import type { CausalLanguageModel, ModelFamily } from './model-family.js';
import { PublishedTensors } from './published-tensors.js';

export interface LoadModelOptions {
  /** What to compute in, whatever the file stores; `model`: what the file stores most of its weights in. */
  readonly dtype: 'float32' | 'bfloat16' | 'model';
  /** `cpu` or `cuda:INDEX`; what `defaultDevice` says unless given. */
  readonly device?: string;
  /** Wraps the plain parts, such as `(plain) => loraParts(plain, { rank: 8, … })`. Parameters that no checkpoint holds are the wrapper's to initialise. */
  readonly parts?: (plain: Parts) => Parts;
  /** `unfilled`: the model as it is built, its weights whatever the memory holds: for measuring what it takes. Default: `read`. */
  readonly weights?: 'read' | 'unfilled';
}

export interface LoadedModel {
  readonly family: ModelFamily;
  /** As the family parsed it. */
  readonly config: unknown;
  /** config.json as it stands in the folder, or as a GGUF file says it. */
  readonly configJson: Record<string, unknown>;
  /** No parameter of the checkpoint requires a gradient. The caller disposes of it. */
  readonly model: CausalLanguageModel;
}

/**
 * A Hugging Face folder (config.json and safetensors, single or sharded), or a GGUF file, as a model in memory. Throws ModelConfigError,
 * ModelWeightsError (missing, unexpected or wrongly shaped tensors, each named; not finite), and what `@tunesmith/checkpoints` throws
 * for broken files.
 */
export async function loadModel(folder: string, { dtype, device = defaultDevice(), parts = (plain) => plain, weights = 'read' }: LoadModelOptions): Promise<LoadedModel> {
  await using opened = await (isGgufFile(folder) ? openGgufFile(folder) : readModelFolder(folder));
  const family = familyFor(opened.config);
  const config = family.parseConfig(opened.config);
  const tensors = new PublishedTensors(opened.tensors, family.weights.tensors(config), family.weights.spellings);
  const present = checkWeights(family.weights, config, tensors, folder);

  const model = family.build(config, parts(plainParts({ dtype: dtype === 'model' ? ownDtype(tensors) : dtype, device })));
  try {
    const parameters = model.parameters();
    const takers = new Map([...model.modules()].flatMap((module) => (module instanceof QuantizedLinear ? [[`${module.path}.weight`, module] as [string, QuantizedLinear]] : [])));
    for (const { huggingFace: name } of weights === 'read' ? present : []) {
      const quantized = takers.get(name);
      if (quantized) {
        await fillQuantized(quantized, tensors, name);
        continue;
      }
      const parameter = parameters.get(name);
      if (!parameter) throw new TunesmithError({ message: `The ${family.name} family lists the tensor ${name} but builds no parameter of that name.`, code: 'model-family-broken', facts: { name } });
      await fill(parameter, tensors, name);
    }
    return { family, config, configJson: opened.config, model };
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

/** Whether a path names a GGUF file rather than a folder. */
export function isGgufFile(path: string): boolean {
  return path.endsWith('.gguf');
}

async function openGgufFile(path: string): Promise<AsyncDisposable & { readonly config: Record<string, unknown>; readonly tensors: TensorSource }> {
  const model = await openGgufModel(path);
  return { config: model.configJson, tensors: new GgufTensors(model), [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() };
}

/** What most numbers of a checkpoint are stored in, where that can be computed in; else float32. */
function ownDtype(source: PublishedTensors): DType {
  const bytes = new Map<string, number>();
  for (const name of source.names()) {
    const { dtype, byteLength } = source.info(name);
    bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  }
  const [most] = [...bytes].toSorted(([, one], [, other]) => other - one).map(([dtype]) => weightDtypes.get(dtype));
  return most === 'bfloat16' || most === 'float16' ? most : 'float32';
}

async function fill(parameter: Tensor, source: PublishedTensors, name: string): Promise<void> {
  const { dtype: stored, shape } = source.info(name);
  const dtype = weightDtypes.get(stored);
  if (!dtype) {
    throw new ModelWeightsError({ message: `${name} is stored as ${stored}; expected one of ${[...weightDtypes.keys()].join(', ')}.`, code: 'model-weights-mismatch', facts: { name, stored } });
  }
  const place = source.locate(name);
  const bytes = place ? null : await source.read(name);
  scope(() =>
    noGrad(() => {
      const direct = dtype === parameter.dtype && parameter.device === 'cpu' && !source.isTransposed(name);
      const target = direct ? parameter : empty(shape, { dtype });
      const sound = place === undefined || target.readFile(place.descriptor, place.begin);
      if (bytes) target.writeBytes(bytes);
      if (!direct) ops.copyInPlace(parameter, source.isTransposed(name) ? ops.t(target) : target);
      // What was finite in the file stays so, unless a narrower type cannot hold it. One pass and one number: a sum is finite only if every element is.
      const certain = place !== undefined && dtypeBytes[dtype] <= dtypeBytes[parameter.dtype];
      if (!sound || (!certain && !Number.isFinite(ops.sumAll(parameter, 'float32').item()))) refuseNonFinite(parameter, name);
    }),
  );
}

/** One whole weight at a time. */
async function fillQuantized(linear: QuantizedLinear, source: PublishedTensors, name: string): Promise<void> {
  using weight = empty(linear.shape, { dtype: linear.dtype });
  await fill(weight, source, name);
  linear.takeWeight(weight);
}

function refuseNonFinite(parameter: Tensor, name: string): void {
  const count = ops.sumAll(ops.logicalNot(ops.isfinite(parameter))).item();
  if (count === 0) return; // finite elements whose sum overflows
  throw new ModelWeightsError({ message: `${name} holds ${count} NaN or infinite values; the checkpoint is damaged.`, code: 'model-weights-not-finite', facts: { name, count } });
}
