import { gemma3 } from './gemma3/index.js';
import { gemma2 } from './gemma2/index.js';
import { gptNeo } from './gpt_neo/index.js';
import { gpt2 } from './gpt2/index.js';
import { gptNeoX } from './gpt_neox/index.js';
import { llama } from './llama/index.js';
import { ModelConfigError } from './model-config-error.js';
import { mixtral } from './mixtral/index.js';
import type { LargerModel, ModelFamily } from './model-family.js';
import { phi3 } from './phi3/index.js';
import { qwen2 } from './qwen2/index.js';
import { qwen3 } from './qwen3/index.js';
import { t5 } from './t5/index.js';

/** Every family that can be served. A new one is its folder and one line here. */
export const families: readonly ModelFamily[] = [llama, gemma3, gemma2, gpt2, gptNeo, gptNeoX, phi3, qwen2, qwen3, mixtral, t5];

/**
 * The family of a config.json: by the first of its `architectures`, or by `model_type` where that key is absent or names none that is known: older names
 * (LLaMAForCausalLM) and models saved without their head (GPT2Model) are of their type, as in transformers. Whether the weights are those of a language
 * model is seen by the weights. Throws ModelConfigError that lists what is known.
 */
export function familyFor(configJson: unknown): ModelFamily {
  const { architectures, modelType } = namesIn(configJson);
  const named = families.find((family) => isNamed(configJson, family));
  if (named) return named;
  const larger = largerModelFor(configJson);
  const typed = families.find((family) => isOfType(configJson, family));
  if (typed && !larger) return typed;
  const came = architectures === undefined || architectures === null ? `model_type ${JSON.stringify(modelType)}` : `architectures ${JSON.stringify(architectures)}${modelType === undefined ? '' : ` of model_type ${JSON.stringify(modelType)}`}`;
  throw new ModelConfigError({
    message: larger
      ? `config.json is that of a larger model around one of the family ${larger.family.name}: expected the text model alone, got ${came}. Import the folder (tunesmith model import), which takes the text model out.`
      : `config.json names no known model: expected one of ${families.flatMap((family) => [...family.architectures, ...(family.within ?? []).flatMap((each) => each.architectures)]).join(', ')}, got ${came}.`,
    facts: { architectures, modelType },
  });
}

/** The larger model of a config.json and the family of its text model, found as by `familyFor`. Undefined where a family serves the whole, or none knows it. */
export function largerModelFor(configJson: unknown): { readonly family: ModelFamily; readonly larger: LargerModel } | undefined {
  return families.flatMap((family) => (family.within ?? []).map((larger) => ({ family, larger }))).find(({ larger }) => isNamed(configJson, larger));
}

function namesIn(configJson: unknown): { architectures: unknown; modelType: unknown } {
  const { architectures, model_type: modelType } = typeof configJson === 'object' && configJson !== null ? (configJson as Record<string, unknown>) : {};
  return { architectures, modelType };
}

type Names = Pick<ModelFamily, 'architectures' | 'modelTypes'>;

function isNamed(configJson: unknown, known: Names): boolean {
  const { architectures } = namesIn(configJson);
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return architecture === undefined ? isOfType(configJson, known) : typeof architecture === 'string' && known.architectures.includes(architecture);
}

function isOfType(configJson: unknown, { modelTypes }: Names): boolean {
  const { modelType } = namesIn(configJson);
  return typeof modelType === 'string' && modelTypes.includes(modelType);
}

/** The family of a GGUF file by its metadata: `general.architecture`, and what sets apart families that share one. Throws ModelConfigError that lists what is known. */
export function familyForGguf(get: (key: string) => unknown): ModelFamily {
  const architecture = get('general.architecture');
  const found = families.find(({ weights: { gguf } }) => gguf.architecture === architecture && (gguf.serves?.(get) ?? true));
  if (found) return found;
  const known = [...new Set(families.flatMap((family) => family.weights.gguf.architecture ?? []))];
  throw new ModelConfigError({
    message: `GGUF file: expected general.architecture to be one of ${known.join(', ')}, got ${String(architecture)}. Import one of these; a file of another architecture can be asked as it is, by tunesmith chat FILE.gguf.`,
    facts: { architecture },
  });
}
