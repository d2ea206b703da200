import { readModelFolder, readSideFiles, writeModelFolder } from '@tunesmith/checkpoints';
import { noGrad, ops } from '@tunesmith/tensor';
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
      const tensors = [...source.tensors.names()].map((name) => {
        const { dtype, shape } = source.tensors.info(name);
        const parameter = parameters.get(name);
        return { name, dtype, shape, bytes: () => (parameter ? storedBytes(parameter, dtype) : source.tensors.read(name)) };
      });
      await writeModelFolder(outFolder, { config: configJson, generationConfig: source.generationConfig, files: await readSideFiles(modelFolder, source.sideFiles), tensors });
    },
  };

  function storedBytes(parameter: Parameters<typeof ops.toDtype>[0], dtype: string): Uint8Array {
    return noGrad(() => {
      using stored = ops.toDtype(parameter, dtype === 'F32' ? 'float32' : dtype === 'F16' ? 'float16' : 'bfloat16', true);
      return stored.toBytes();
    });
  }
}
