import { adapterScaling, GgufWriter, type Adapter, type GgufTensorPlan, type GgufValue } from '@tunesmith/checkpoints';
import type { WeightName } from '@tunesmith/models';
import { scope, tensor, type WorkContext } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';
import { encodeGgufRows, type GgufScheme } from '../schemes/gguf-scheme.js';
import { architectureOf } from './gguf.js';
import { toGgufLayout } from './gguf/gguf-layout.js';
import type { SourceModel } from './source-model.js';
import { WeightReader } from './weight-reader.js';

/** What is to be known of the model that an adapter is of. */
export type AdaptedModel = Pick<SourceModel, 'family' | 'config' | 'name'>;

/** The update of one tensor of the file: scale · B A. */
interface Update {
  /** The tensor's name, without `.lora_a` and `.lora_b`. */
  readonly name: string;
  readonly parts: readonly UpdatePart[];
}

interface UpdatePart {
  readonly weight: WeightName;
  readonly module: string;
  readonly rank: number;
  readonly scale: number;
}

/**
 * Writes a LoRA adapter in PEFT's format as the GGUF file of an adapter, which llama.cpp applies to any file of its base model, quantized or not
 * (convert_lora_to_gguf.py). llama.cpp has one alpha for the whole file and divides it by each rank; where modules differ from that, B carries the difference.
 * `scheme`: f32, f16 or bf16. Throws QuantizationError `adapter-not-representable`: DoRA, biases, whole replaced weights, modules that the file has no tensor for.
 */
export async function exportGgufAdapter(base: AdaptedModel, adapter: Adapter, scheme: GgufScheme, path: string, { signal, onProgress }: WorkContext): Promise<void> {
  const architecture = architectureOf(base.family);
  const updates = updatesOf(base, adapter);
  const [first] = updates[0]!.parts as [UpdatePart];
  const alpha = first.scale * first.rank;
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'adapter' }],
    ['adapter.type', { type: 'string', value: 'lora' }],
    ['adapter.lora.alpha', { type: 'float32', value: alpha }],
  ]);
  const reader = new WeightReader(adapter.tensors);
  const tensors = updates.flatMap(({ name, parts }): GgufTensorPlan[] => {
    const { rank, weight } = parts[0]!;
    const [rows, columns] = weight.shape as [number, number];
    const stacked = (shape: number[]) => (weight.stack ? [parts.length, ...shape] : shape);
    // An embedding is looked up by rows, so its A is kept by rows too.
    const a = weight.gguf === 'token_embd.weight' ? [rows, rank] : [rank, columns];
    const b = weight.gguf === 'token_embd.weight' ? [columns, rank] : [rows, rank];
    return [{ name: `${name}.lora_a`, type: scheme.gguf.type, shape: stacked(a) }, { name: `${name}.lora_b`, type: scheme.gguf.type, shape: stacked(b) }];
  });
  await using writer = await GgufWriter.create(path, { metadata, tensors });
  const write = async (values: Float32Array, columns: number, name: string) => {
    await writer.append(scope(() => encodeGgufRows(scheme, tensor(values, { dtype: 'float32', shape: [values.length / columns, columns] }), { tensor: name, firstRow: 0 })));
  };
  for (const [index, { parts }] of updates.entries()) {
    signal.throwIfAborted();
    for (const { weight, module, rank } of parts) {
      const { a, embeddingA } = adapter.modules.get(module)!;
      const [rows, columns] = weight.shape as [number, number];
      if (embeddingA !== undefined) await write(turned(await reader.values(embeddingA, [rank, rows]), rank), rank, embeddingA);
      else await write(await reader.values(a!, [rank, columns]), columns, a!);
    }
    for (const { weight, module, rank, scale } of parts) {
      const { b, embeddingB } = adapter.modules.get(module)!;
      const name = (b ?? embeddingB)!;
      const shape = [weight.shape[embeddingB === undefined ? 0 : 1]!, rank];
      const factor = scale / (alpha / rank);
      const values = (await reader.values(name, shape)).map((value) => value * factor);
      await write(toGgufLayout(values, shape, embeddingB === undefined ? weight.transform : undefined), rank, name);
    }
    onProgress({ phase: 'writing the adapter', done: index + 1, total: updates.length, unit: 'tensors' });
  }
  await writer.finish();
}

function updatesOf(base: AdaptedModel, { path, config, modules, replacements }: Adapter): Update[] {
  const refuse = (detail: string): never => {
    throw new QuantizationError({ code: 'adapter-not-representable', message: `${path}: ${detail} Merge it into its model and write that instead.`, facts: { path } });
  };
  if (config.useDora) refuse('the adapter is a DoRA, which GGUF adapters cannot hold.');
  if (replacements.size > 0) refuse(`the adapter replaces whole weights (${[...replacements.keys()].slice(0, 3).join(', ')}), which GGUF adapters cannot hold.`);
  const tensors = base.family.weights.tensors(base.config);
  const weights = new Map(tensors.map((weight) => [weight.huggingFace, weight]));
  const updates = new Map<string, UpdatePart[]>();
  for (const [module, { bias }] of modules) {
    if (bias !== undefined) refuse(`the adapter of ${module} has a bias, which GGUF adapters cannot hold.`);
    const weight = weights.get(`${module}.weight`) ?? refuse(`the model ${base.name} has no weight ${module}.weight of its own.`);
    // llama.cpp would multiply by the pair for the head too, whose layout is another, and abort.
    if (weight.gguf === 'token_embd.weight' && !tensors.some(({ gguf }) => gguf === 'output.weight')) refuse(`the adapter adapts ${module}, which is the head of ${base.name} too; GGUF adapters cannot hold that.`);
    const { rank, scale } = adapterScaling(config, module);
    updates.set(weight.gguf, [...(updates.get(weight.gguf) ?? []), { weight, module, rank, scale }]);
  }
  // In the order of the model's own tensors, experts in theirs.
  const names = [...new Set([...weights.values()].map(({ gguf }) => gguf))].filter((name) => updates.has(name));
  return names.map((name): Update => {
    const parts = updates.get(name)!.toSorted((one, other) => (one.weight.stack?.index ?? 0) - (other.weight.stack?.index ?? 0));
    const { rank, weight } = parts[0]!;
    if (parts.length !== (weight.stack?.count ?? 1)) refuse(`of the ${weight.stack?.count} experts in ${name} only ${parts.length} are adapted; GGUF has them in one tensor.`);
    if (parts.some((part) => part.rank !== rank)) refuse(`the experts in ${name} are adapted with different ranks; GGUF has them in one tensor.`);
    return { name, parts };
  });
}

/** [rows, columns] from its transpose [columns, rows]. */
function turned(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  return values.map((_, index) => values[(index % columns) * rows + Math.floor(index / columns)]!);
}
