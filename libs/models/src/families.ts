import { gemma3 } from './gemma3/index.js';
import { gemma2 } from './gemma2/index.js';
import { gptNeo } from './gpt_neo/index.js';
import { gpt2 } from './gpt2/index.js';
import { gptNeoX } from './gpt_neox/index.js';
import { llama } from './llama/index.js';
import { ModelConfigError } from './model-config-error.js';
import { mixtral } from './mixtral/index.js';
import type { ModelFamily } from './model-family.js';
import { phi3 } from './phi3/index.js';
import { qwen2 } from './qwen2/index.js';
import { qwen3 } from './qwen3/index.js';
import { t5 } from './t5/index.js';

/** Every family that can be served. A new one is its folder and one line here. */
export const families: readonly ModelFamily[] = [llama, gemma3, gemma2, gpt2, gptNeo, gptNeoX, phi3, qwen2, qwen3, mixtral, t5];

/**
 * The family of a config.json: by the first of its `architectures`, or by `model_type` where that key is absent. Throws ModelConfigError
 * that lists what is known.
 */
export function familyFor(configJson: unknown): ModelFamily {
  const { architectures, model_type: modelType } = typeof configJson === 'object' && configJson !== null ? (configJson as Record<string, unknown>) : {};
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const found = families.find((family) =>
    architecture === undefined ? typeof modelType === 'string' && family.modelTypes.includes(modelType) : typeof architecture === 'string' && family.architectures.includes(architecture),
  );
  if (found) return found;
  const came = architecture === undefined ? `model_type ${JSON.stringify(modelType)}` : `architectures ${JSON.stringify(architectures)}`;
  throw new ModelConfigError({
    message: `config.json names no known model: expected one of ${families.flatMap((family) => family.architectures).join(', ')}, got ${came}.`,
    facts: { architectures, modelType },
  });
}

/** The family of a GGUF file by its metadata: `general.architecture`, and what sets apart families that share one. Throws ModelConfigError that lists what is known. */
export function familyForGguf(get: (key: string) => unknown): ModelFamily {
  const architecture = get('general.architecture');
  const found = families.find(({ weights: { gguf } }) => gguf.architecture === architecture && (gguf.serves?.(get) ?? true));
  if (found) return found;
  const known = [...new Set(families.flatMap((family) => family.weights.gguf.architecture ?? []))];
  throw new ModelConfigError({
    message: `GGUF file: expected general.architecture to be one of ${known.join(', ')}, got ${String(architecture)}.`,
    facts: { architecture },
  });
}
