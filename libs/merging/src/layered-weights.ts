import type { WeightName } from '@tunesmith/models';
import type { WeightRole } from './merge-method.js';

/** A stack of layers and what stands before and after it. Layers of one family list their weights in the same order. */
export interface LayeredWeights {
  readonly before: readonly WeightName[];
  /** More than one for an encoder-decoder. */
  readonly stacks: readonly (readonly (readonly WeightName[])[])[];
  readonly after: readonly WeightName[];
}

/** Which weights belong to which layer, by the names that GGUF gives them: `blk.3.attn_q.weight`, `dec.blk.3.…`. */
export function layeredWeights(weights: readonly WeightName[]): LayeredWeights {
  const before: WeightName[] = [];
  const after: WeightName[] = [];
  const stacks = new Map<string, WeightName[][]>();
  for (const weight of weights) {
    const [, stack = '', layer] = /^(?:(\w+)\.)?blk\.(\d+)\./.exec(weight.gguf) ?? [];
    if (layer === undefined) (stacks.size === 0 ? before : after).push(weight);
    else {
      const layers = stacks.get(stack) ?? [];
      stacks.set(stack, layers);
      (layers[Number(layer)] ??= []).push(weight);
    }
  }
  return { before, stacks: [...stacks.values()], after };
}

/** Whether a weight has a row for each token. */
export function roleOf({ gguf }: WeightName): WeightRole {
  if (gguf === 'token_embd.weight') return 'embedding';
  return gguf === 'output.weight' || gguf === 'output.bias' ? 'head' : 'other';
}
