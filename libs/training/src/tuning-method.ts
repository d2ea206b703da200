import type { CausalLanguageModel } from '@tunesmith/models';
import type { Parts } from '@tunesmith/nn';
import type { Tensor } from '@tunesmith/tensor';

/** What of a model is trained, and what is kept of it. */
export interface TuningMethod {
  readonly name: string;
  /** The type the model computes in; a method may need more than was asked. */
  readonly dtype: 'bfloat16' | 'float32';
  /** The parts that the model is built from; undefined: plain ones. */
  readonly parts?: Parts;
  /** Chooses the parameters to train and marks them; all others are frozen. By full dotted path. */
  trainable(model: CausalLanguageModel): Map<string, Tensor>;
  /** Writes the result: an adapter folder or a model folder. */
  save(model: CausalLanguageModel, outFolder: string): Promise<void>;
}
