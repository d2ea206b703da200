import { scope, type Tensor } from '@tunesmith/tensor';
import type { ForwardSteps } from './model-family.js';

/** A whole forward pass: what a layer makes on the way is gone when the next begins. -> [tokens, hidden] */
export function runSteps({ embedded, layers, finish }: ForwardSteps): Tensor {
  let x = embedded;
  for (const layer of layers) x = scope(() => layer(x));
  return finish(x);
}
