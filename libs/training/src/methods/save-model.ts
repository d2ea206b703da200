import { readModelFolder, readSideFiles, writeModelFolder } from '@tunesmith/checkpoints';
import { publishedTensors, type CausalLanguageModel, type LoadedModel } from '@tunesmith/models';
import { noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';

/** Writes a tuned model as the folder it came from: the same files, names, layouts and types, with the values that the parameters have now. */
export async function saveModel(model: CausalLanguageModel, { configJson }: Pick<LoadedModel, 'configJson'>, { modelFolder, outFolder }: { modelFolder: string; outFolder: string }): Promise<void> {
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
}

function storedBytes(parameter: Tensor, dtype: string, transposed: boolean): Uint8Array {
  return scope(() =>
    noGrad(() => {
      const stored = ops.toDtype(parameter, dtype === 'F32' ? 'float32' : dtype === 'F16' ? 'float16' : 'bfloat16', true);
      return (transposed ? ops.t(stored) : stored).toBytes();
    }),
  );
}
