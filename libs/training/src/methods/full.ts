import { readModelFolder, readSideFiles, writeModelFolder } from '@tunesmith/checkpoints';
import { publishedTensors } from '@tunesmith/models';
import { noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';
import type { FullOptions } from '../train-options.js';
import type { TuningMethod } from '../tuning-method.js';

/**
 * Every parameter learns. Computed in float32 whatever was asked, because updates smaller than a bfloat16 step would be
 * lost; kept in bfloat16 where the model was.
 */
export function full(_options: FullOptions, { modelFolder }: { modelFolder: string }): TuningMethod {
  return {
    name: 'full',
    dtype: 'float32',

    trainable(model) {
      const parameters = model.parameters();
      for (const parameter of parameters.values()) parameter.setRequiresGrad(true);
      return parameters;
    },

    async save(model, { configJson }, outFolder) {
      await using source = await readModelFolder(modelFolder);
      const parameters = model.parameters();
      const published = publishedTensors(configJson, source.tensors);
      // What is no parameter carries nothing, or is a second copy of one, which would be stale now: a tied head, T5's embeddings by stack.
      const tensors = [...published.names()].flatMap((name) => {
        const { dtype, shape } = published.info(name);
        const parameter = parameters.get(name);
        return parameter ? [{ name, dtype, shape, bytes: () => storedBytes(parameter, dtype, published.isTransposed(name)) }] : [];
      });
      await writeModelFolder(outFolder, { config: configJson, generationConfig: source.generationConfig, files: await readSideFiles(modelFolder, source.sideFiles), tensors });
    },
  };

  function storedBytes(parameter: Tensor, dtype: string, transposed: boolean): Uint8Array {
    return scope(() =>
      noGrad(() => {
        const stored = ops.toDtype(parameter, dtype === 'F32' ? 'float32' : dtype === 'F16' ? 'float16' : 'bfloat16', true);
        return (transposed ? ops.t(stored) : stored).toBytes();
      }),
    );
  }
}
