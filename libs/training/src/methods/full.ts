import type { FullOptions, TrainOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';
import { saveModel } from './save-model.js';

/**
 * Every parameter learns, or those that `train` names, but none that `freeze` names: regular expressions that match anywhere in a path. Computed in
 * bfloat16 only with AdamW, which keeps what updates add below a bfloat16 step; otherwise in float32. Kept in the type that the model was stored in.
 *
 * @throws TrainingError `bad-pattern`; when the model is there, `pattern-matches-nothing` and `nothing-learns`.
 */
export function full({ freeze = [], train = [] }: FullOptions, { modelFolder, dtype = 'float32', optimizer }: Pick<TrainOptions, 'modelFolder'> & Partial<Pick<TrainOptions, 'dtype' | 'optimizer'>>): TuningMethod {
  const frozen = freeze.map((pattern) => new PathPattern('freeze', pattern));
  const chosen = train.map((pattern) => new PathPattern('train', pattern));
  return {
    name: 'full',
    dtype: optimizer?.kind === 'adamw' ? dtype : 'float32',

    trainable(model) {
      const parameters = model.parameters();
      for (const pattern of [...frozen, ...chosen]) pattern.expectMatch([...parameters.keys()]);
      const learning = new Map([...parameters].filter(([name]) => (chosen.length === 0 || chosen.some((pattern) => pattern.matches(name))) && !frozen.some((pattern) => pattern.matches(name))));
      if (learning.size === 0) throw new TrainingError('nothing-learns', 'train: expected train and freeze to leave parameters that learn; every parameter of the model is frozen. Name fewer in freeze.', { freeze, train });
      for (const parameter of learning.values()) parameter.setRequiresGrad(true);
      return learning;
    },

    save: (model, loaded, outFolder) => saveModel(model, loaded, { modelFolder, outFolder }),
  };
}

/** A regular expression over parameter paths, as somebody wrote it. */
class PathPattern {
  readonly #expression: RegExp;

  constructor(
    private readonly setting: 'freeze' | 'train',
    private readonly text: string,
  ) {
    try {
      this.#expression = new RegExp(text);
    } catch (cause) {
      throw new TrainingError('bad-pattern', `train: expected ${setting} to hold regular expressions; ${JSON.stringify(text)} is none (${cause instanceof Error ? cause.message : String(cause)}).`, { setting, pattern: text });
    }
  }

  matches(path: string): boolean {
    return this.#expression.test(path);
  }

  expectMatch(paths: readonly string[]): void {
    if (paths.some((path) => this.matches(path))) return;
    const middle = paths[Math.floor(paths.length / 2)];
    throw new TrainingError(
      'pattern-matches-nothing',
      `train: expected each pattern of ${this.setting} to match a parameter; ${JSON.stringify(this.text)} matches none of ${paths.length}, which are called ${paths[0]}, ${middle} and the like.`,
      { setting: this.setting, pattern: this.text, examples: [paths[0], middle] },
    );
  }
}
