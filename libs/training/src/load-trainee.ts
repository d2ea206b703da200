import { loadModel, type LoadedModel } from '@tunesmith/models';
import type { TensorGroups } from './checkpoint-folder.js';
import type { Objective } from './objective.js';
import type { OptimizedParameter } from './optimizer.js';
import { makeOptimizer } from './optimizers.js';
import { startFromAdapter } from './start-from-adapter.js';
import type { TrainOptions } from './train-options.js';
import type { Trainee } from './train-step.js';
import type { TuningMethod } from './tuning-method.js';
import { tuningMethod } from './tuning-methods.js';

/** A model in memory with all that takes part in its steps, as it is before the first. Disposing frees all of it. */
export interface LoadedTrainee extends Trainee, Disposable {
  readonly method: TuningMethod;
  readonly loaded: LoadedModel;
  /** Everything that a step changes or a loss remembers: what a checkpoint holds. */
  state(): TensorGroups;
}

/** The objective belongs to the trainee from now on. `unfilled`: without reading the weights, for measuring what a step takes. */
export async function loadTrainee(options: TrainOptions, objective: Objective, weights: 'read' | 'unfilled' = 'read'): Promise<LoadedTrainee> {
  const method = tuningMethod(options);
  const loaded = await loadModel(options.modelFolder, { dtype: method.dtype, weights, ...(method.parts ? { parts: method.parts } : {}) });
  const { model } = loaded;
  const free = (): void => {
    method[Symbol.dispose]?.();
    objective[Symbol.dispose]?.();
    model[Symbol.dispose]();
  };
  try {
    // What is made from weights needs them.
    if (weights === 'read') {
      method.initialize?.(model);
      if (options.adapterFolder !== undefined && options.method.kind === 'lora') await startFromAdapter(model, options.adapterFolder, options.method);
    }
    const parameters = [...method.trainable(model)].map(([name, tensor]): OptimizedParameter => ({ name, tensor, learningRateFactor: method.learningRateFactor?.(name) ?? 1 }));
    const optimizer = method.optimizer?.(parameters) ?? makeOptimizer(parameters, options.optimizer);
    return {
      loaded, model, method, objective, parameters, optimizer,
      state: () => ({
        parameters: new Map(parameters.map(({ name, tensor }) => [name, tensor])),
        optimizer: optimizer.state(),
        method: method.state?.() ?? new Map(),
        objective: objective.state?.() ?? new Map(),
      }),
      [Symbol.dispose]() {
        optimizer[Symbol.dispose]();
        free();
      },
    };
  } catch (error) {
    free();
    throw error;
  }
}
