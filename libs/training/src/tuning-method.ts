import type { CausalLanguageModel, LoadedModel } from '@tunesmith/models';
import type { Parts } from '@tunesmith/nn';
import type { Tensor } from '@tunesmith/tensor';

/** What of a model is trained, and what is kept of it. */
export interface TuningMethod {
  readonly name: string;
  /** The type the model computes in; a method may need more than was asked. */
  readonly dtype: 'bfloat16' | 'float32';
  /** Wraps the parts that the model is built from; absent: plain ones. */
  readonly parts?: (plain: Parts) => Parts;
  /** Chooses the parameters to train and marks them; all others stay frozen. By full dotted path. */
  trainable(model: CausalLanguageModel): Map<string, Tensor>;
  /** Writes the result: an adapter folder or a model folder. */
  save(model: CausalLanguageModel, loaded: LoadedModel, outFolder: string): Promise<void>;
}
