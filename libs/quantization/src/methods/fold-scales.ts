import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { LayerLinear, LayerVector, LayerWork } from './rounding-method.js';

/** Linears that read what something before them makes, each column of which can be divided there and multiplied here. */
export interface Fold {
  readonly readers: readonly LayerLinear[];
  /** A norm; its weight, and its bias where it has one. */
  readonly norm?: { readonly weight: LayerVector; readonly bias: LayerVector | undefined };
  /** A linear, row by row; its bias where it has one. */
  readonly linear?: { readonly linear: LayerLinear; readonly bias: LayerVector | undefined };
}

const normReaders = { attn_norm: ['attn_q', 'attn_k', 'attn_v', 'attn_qkv'], ffn_norm: ['ffn_gate', 'ffn_up'] } as const;

/** What the norms of a layer feed. Left out: experts, whose router reads the same, and readers that stay as they are. */
export function normFolds({ linears, vectors }: LayerWork): Fold[] {
  return Object.entries(normReaders).flatMap(([role, roles]): Fold[] => {
    const weight = vectors.find((vector) => vector.role === `${role}.weight`);
    const readers = linears.filter((linear) => (roles as readonly string[]).includes(linear.role));
    if (!weight || readers.length === 0 || readers.some(({ grid }) => grid === null)) return [];
    return [{ readers, norm: { weight, bias: vectors.find((vector) => vector.role === `${role}.bias`) } }];
  });
}

/** What linears feed without anything but a product between them: values the output of attention (where every head has its own), the upper half of a gated network the lower. */
export function linearFolds({ linears, vectors }: LayerWork): Fold[] {
  const of = (role: string) => linears.find((linear) => linear.role === role && linear.grid !== null);
  const fold = (before: LayerLinear | undefined, after: LayerLinear | undefined): Fold[] =>
    before && after && before.weight.shape[0] === after.weight.shape[1] ? [{ readers: [after], linear: { linear: before, bias: vectors.find(({ role }) => role === `${before.role}.bias`) } }] : [];
  return [...fold(of('attn_v'), of('attn_output')), ...(of('ffn_gate') ? fold(of('ffn_up'), of('ffn_down')) : [])];
}

/**
 * Divides what comes before by `scales` [columns], as nearly as its vectors can store that, and multiplies the columns of the readers by what it really was divided by. `weights` (by path)
 * and `changed` (by name) take what became of them.
 */
export function applyFold({ readers, norm, linear }: Fold, scales: Tensor, weights: Map<string, Tensor>, changed: Map<string, Float32Array>): void {
  let divided = scales;
  if (norm) {
    const before = ops.addScalar(tensor(changed.get(norm.weight.name) ?? norm.weight.values), norm.weight.offset);
    const stored = ops.toDtype(ops.toDtype(ops.addScalar(ops.div(before, scales), -norm.weight.offset), norm.weight.dtype), 'float32');
    changed.set(norm.weight.name, floatsOf(stored));
    const after = ops.addScalar(stored, norm.weight.offset);
    const same = ops.eqScalar(after, 0);
    divided = ops.where(same, ops.onesLike(before), ops.div(before, ops.where(same, ops.onesLike(after), after)));
    divideBias(norm.bias, divided, changed);
  }
  if (linear) {
    const own = weights.get(linear.linear.path)!;
    weights.set(linear.linear.path, ops.div(own, ops.unsqueeze(divided, 1)));
    divideBias(linear.bias, divided, changed);
  }
  for (const { path } of readers) weights.set(path, ops.mul(weights.get(path)!, ops.unsqueeze(divided, 0)));
}

function divideBias(bias: LayerVector | undefined, divided: Tensor, changed: Map<string, Float32Array>): void {
  if (bias) changed.set(bias.name, scope(() => floatsOf(ops.div(tensor(changed.get(bias.name) ?? bias.values), divided))));
}

function floatsOf(values: Tensor): Float32Array {
  return Float32Array.from(values.toArray());
}
