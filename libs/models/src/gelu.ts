import { ops, type Tensor } from '@tunesmith/tensor';
import { z } from 'zod';

/** Published names of the Gaussian error linear unit (arXiv 1606.08415): by the error function, and by tanh in three spellings. */
export const GeluName = z.enum(['gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh']);
export type GeluName = z.infer<typeof GeluName>;

export function gelu(input: Tensor, name: GeluName): Tensor {
  return ops.gelu(input, name === 'gelu' ? 'none' : 'tanh');
}
