import { readJsonFile } from '@tunesmith/checkpoints';
import { loadForInference, type InferenceModel, type LoadForInferenceOptions } from '@tunesmith/generation';
import { join } from 'node:path';
import { z } from 'zod';
import { roundedInputParts } from './rounded-inputs.js';

const QuantizedConfig = z.object({ quantization_config: z.object({ config_groups: z.record(z.string(), z.object({ input_activations: z.unknown() })) }) });

/** Loads a Hugging Face folder onto our own library, its packed linears decoded into what is computed in; where its configuration says so, inputs of linears are rounded too. */
export async function loadPackedFolder(path: string, { dtype }: Pick<LoadForInferenceOptions, 'dtype'>): Promise<InferenceModel> {
  return loadForInference(path, { dtype, ...((await roundsInputs(path)) && { parts: roundedInputParts }) });
}

/** Whether the inputs of linears are to be rounded: W8A8. */
async function roundsInputs(path: string): Promise<boolean> {
  const parsed = QuantizedConfig.safeParse(await readJsonFile(join(path, 'config.json')));
  return parsed.success && Object.values(parsed.data.quantization_config.config_groups).some(({ input_activations }) => input_activations !== null);
}
