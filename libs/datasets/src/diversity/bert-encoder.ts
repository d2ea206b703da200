import { join } from 'node:path';
import { openSafetensors, readJsonFile } from '@tunesmith/checkpoints';
import { fromBytes, keep, noGrad, ops, scope, tensor, type DType, type Tensor } from '@tunesmith/tensor';
import { DatasetError } from '../dataset-error.js';
import type { HiddenStates } from './sentence-encoder.js';

interface BertShape {
  readonly layers: number;
  readonly heads: number;
  readonly epsilon: number;
}

/** BERT's encoder (1810.04805) from a published folder, in float32: what sentence-transformers makes sentence vectors with. */
export async function openBertEncoder(folder: string): Promise<AsyncDisposable & { readonly hiddenStates: HiddenStates }> {
  const shape = shapeOf((await readJsonFile(join(folder, 'config.json'))) as Record<string, unknown>, folder);
  const weights = await readWeights(folder);
  const weight = (name: string): Tensor => {
    const found = weights.get(name);
    if (found) return found;
    throw refused(folder, `its weights have no ${name}`);
  };
  return {
    async hiddenStates(rows) {
      const hidden = scope(() => noGrad(() => keep(ops.contiguous(forward(rows, weight, shape)))));
      const values = Float32Array.from(hidden.toArray());
      const width = hidden.shape[2]!;
      hidden[Symbol.dispose]();
      return { values, width };
    },
    async [Symbol.asyncDispose]() {
      for (const each of weights.values()) each[Symbol.dispose]();
    },
  };
}

function forward(rows: readonly (readonly number[])[], weight: (name: string) => Tensor, { layers, heads, epsilon }: BertShape): Tensor {
  const [count, length] = [rows.length, rows[0]!.length];
  const width = weight('embeddings.word_embeddings.weight').shape[1]!;
  const linear = (input: Tensor, name: string): Tensor => ops.linear(input, weight(`${name}.weight`), weight(`${name}.bias`));
  const norm = (input: Tensor, name: string): Tensor => ops.layerNorm(input, [width], weight(`${name}.weight`), weight(`${name}.bias`), epsilon);
  const pick = (table: string, ids: readonly number[]): Tensor => ops.indexSelect(weight(`embeddings.${table}.weight`), 0, tensor([...ids], { dtype: 'int64' })); // [ids, width]

  const positions = rows.flatMap((row) => [...row.keys()]);
  const summed = ops.add(ops.add(pick('word_embeddings', rows.flat()), pick('position_embeddings', positions)), pick('token_type_embeddings', positions.map(() => 0)));
  let hidden = norm(ops.view(summed, [count, length, width]), 'embeddings.LayerNorm'); // [rows, tokens, width]
  const byHead = (input: Tensor): Tensor => ops.transpose(ops.view(input, [count, length, heads, width / heads]), 1, 2); // [rows, heads, tokens, width of a head]
  for (let layer = 0; layer < layers; layer += 1) {
    const path = `encoder.layer.${layer}`;
    const [query, key, value] = ['query', 'key', 'value'].map((part) => byHead(linear(hidden, `${path}.attention.self.${part}`)));
    const attended = ops.reshape(ops.transpose(ops.scaledDotProductAttention(query!, key!, value!), 1, 2), [count, length, width]);
    hidden = norm(ops.add(linear(attended, `${path}.attention.output.dense`), hidden), `${path}.attention.output.LayerNorm`);
    hidden = norm(ops.add(linear(ops.gelu(linear(hidden, `${path}.intermediate.dense`)), `${path}.output.dense`), hidden), `${path}.output.LayerNorm`);
  }
  return hidden;
}

function shapeOf(config: Readonly<Record<string, unknown>>, folder: string): BertShape {
  const { model_type: type, num_hidden_layers: layers, num_attention_heads: heads, layer_norm_eps: epsilon, hidden_act: activation, position_embedding_type: positions = 'absolute' } = config;
  if (type !== 'bert' || activation !== 'gelu' || positions !== 'absolute') throw refused(folder, `config.json says model_type ${String(type)}, hidden_act ${String(activation)}, positions ${String(positions)}; expected bert, gelu, absolute`);
  if (typeof layers !== 'number' || typeof heads !== 'number' || typeof epsilon !== 'number') throw refused(folder, 'config.json says no num_hidden_layers, num_attention_heads or layer_norm_eps');
  return { layers, heads, epsilon };
}

const storedTypes: Readonly<Record<string, DType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** All in float32; some files put `bert.` before each name. */
async function readWeights(folder: string): Promise<Map<string, Tensor>> {
  await using source = await openSafetensors(join(folder, 'model.safetensors'));
  const weights = new Map<string, Tensor>();
  for (const name of source.names()) {
    if (!/^(?:bert\.)?(?:embeddings|encoder)\./.test(name) || name.endsWith('position_ids')) continue;
    const { dtype, shape } = source.info(name);
    const stored = storedTypes[dtype];
    if (!stored) throw refused(folder, `${name} is stored as ${dtype}; expected F32, F16 or BF16`);
    const bytes = await source.read(name);
    weights.set(name.replace(/^bert\./, ''), scope(() => keep(ops.toDtype(fromBytes(bytes, { shape, dtype: stored }), 'float32'))));
  }
  return weights;
}

function refused(folder: string, reason: string): DatasetError {
  return new DatasetError({ message: `${folder}: expected the folder of a BERT sentence encoder; ${reason}. Another encoder can be given as model.onnx.`, code: 'encoder-refused', facts: { folder, reason } });
}
