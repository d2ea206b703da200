import { elementCount, type TensorSource } from '@tunesmith/checkpoints';
import { isDeepStrictEqual } from 'node:util';
import { familyFor, largerModelFor } from './families.js';
import { ModelConfigError } from './model-config-error.js';
import type { FamilyWeights, LargerModel, ModelFamily } from './model-family.js';
import { ignoredEverywhere } from './parse-config.js';

/** The text model of a published folder. */
export interface TextModel {
  readonly family: ModelFamily;
  /** As the family parsed it. */
  readonly config: unknown;
  /** The config.json of the text model alone. */
  readonly configJson: Record<string, unknown>;
  /** The family's, with the names that the folder has for them. */
  readonly weights: FamilyWeights<unknown>;
  /** What somebody has to know who takes the text model alone; `tensors` are the folder's. */
  remarks(tensors: Pick<TensorSource, 'names' | 'info'>): string[];
}

/** The whole, or the text model within a larger one, as it is published for a model that sees too. Throws ModelConfigError. */
export function textModelOf(published: Record<string, unknown>): TextModel {
  const found = largerModelFor(published);
  if (!found) {
    const family = familyFor(published);
    return { family, config: family.parseConfig(published), configJson: published, weights: family.weights, remarks: () => [] };
  }
  const { family, larger } = found;
  const named = textConfig(published, larger);
  const config = family.parseConfig(named);
  return {
    family,
    config,
    // A text_config leaves to transformers' defaults what readers of a whole config.json expect in it, such as the longest row.
    configJson: { ...plainValues(config), ...named },
    weights: { ...family.weights, ignored: [...family.weights.ignored, ...larger.leftOut], spellings: [...larger.spellings, ...(family.weights.spellings ?? [])] },
    remarks: (tensors) => [leftOutRemark(larger, tensors)],
  };
}

function textConfig(published: Record<string, unknown>, { architectures: [name], text, ownKeys }: LargerModel): Record<string, unknown> {
  const refuse = (problem: string) => {
    throw new ModelConfigError({ message: `config.json of a ${name}: ${problem}`, facts: { problems: [problem] } });
  };
  const { text_config: inner, ...outer } = published;
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) {
    return refuse(`expected text_config, the configuration of its text model, got ${JSON.stringify(inner) ?? 'none'}. Take the config.json that was published with the weights.`);
  }
  const own = inner as Record<string, unknown>;
  if (own.model_type !== undefined && own.model_type !== text.modelType) {
    return refuse(`expected text_config.model_type to be ${text.modelType}, got ${JSON.stringify(own.model_type)}. Only text models of that kind are served.`);
  }
  // Token ids, and whether the head is tied, are published beside text_config; a key that nobody thought of is refused by the family.
  const shared = Object.fromEntries(Object.entries(outer).filter(([key, value]) => value !== null && !ownKeys.includes(key)));
  for (const [key, value] of Object.entries(shared)) {
    if (!Object.hasOwn(ignoredEverywhere, key) && Object.hasOwn(own, key) && !isDeepStrictEqual(own[key], value)) {
      return refuse(`${key} is ${JSON.stringify(value)}, but ${JSON.stringify(own[key])} in text_config. Keep the right one.`);
    }
  }
  return { ...own, ...shared, architectures: [text.architecture], model_type: text.modelType };
}

/** Those of a parsed configuration that are published as they are: numbers, texts and switches. */
function plainValues(config: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config as object).filter(([, value]) => ['number', 'string', 'boolean'].includes(typeof value)));
}

function leftOutRemark({ architectures: [name], leftOut }: LargerModel, tensors: Pick<TensorSource, 'names' | 'info'>): string {
  const names = [...tensors.names()];
  const parts = leftOut.flatMap(({ pattern, reason }) => {
    const gone = names.filter((each) => pattern.test(each));
    const parameters = gone.reduce((sum, each) => sum + elementCount(tensors.info(each).shape), 0);
    return gone.length > 0 ? [`${reason} (${gone.length} tensors, ${parameters.toLocaleString('en')} parameters)`] : [];
  });
  return `only the text model of this ${name} was imported, which reads no images${parts.length > 0 ? `; left out: ${parts.join(', ')}` : ''}`;
}
