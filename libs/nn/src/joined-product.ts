import { ops, type Tensor } from '@tunesmith/tensor';
import type { LinearLike } from './parts.js';

/** Up to here (decoding) the products of `project` are faster. */
const fewRows = 64;

/**
 * The results of linears on one input, [tokens, inFeatures] -> [tokens, outFeatures of all side by side], with their low-rank updates, as one
 * kernel each way. Null where it does not serve: other types than bfloat16, few rows, another device, or a member of another kind.
 */
export function joinedProduct(input: Tensor, members: readonly LinearLike[]): Tensor | null {
  if (input.dtype !== 'bfloat16' || (input.shape[0] ?? 0) <= fewRows || input.device !== 'cpu') return null;
  const terms = members.flatMap((member) => member.terms?.() ?? []);
  if (terms.length < members.length) return null;
  const biases = terms.flatMap(({ bias }) => bias ?? []);
  if (biases.length > 0 && biases.length < terms.length) return null;
  const updated = terms.flatMap(({ update }, index) => (update ? [{ ...update, index }] : []));
  return ops.joinedLinear(
    input,
    terms.map(({ weight }) => weight),
    biases,
    updated.map(({ a }) => a),
    updated.map(({ b }) => b),
    updated.map(({ index }) => index),
    updated.map(({ scaling }) => scaling),
  );
}
