import { TunesmithError } from '@tunesmith/tensor';
import type { FamilyWeights, WeightName } from './model-family.js';
import { storedShape, type PublishedTensors } from './published-tensors.js';

/** Weights that are not those of the configuration; every difference is in `facts.problems`. */
export class ModelWeightsError extends TunesmithError {
  constructor({ message, code, facts }: { message: string; code: 'model-weights-mismatch' | 'model-weights-not-finite'; facts: Record<string, unknown> }) {
    super({ message, code, facts });
  }
}

const shownProblems = 8;

/** Which tensors to read, after checking that a checkpoint holds exactly those of the configuration, in their shapes. Reads headers only. */
export function checkWeights<Config>(weights: FamilyWeights<Config>, config: Config, source: PublishedTensors, where: string): WeightName[] {
  const expected = weights.tensors(config);
  const known = new Set(expected.map((weight) => weight.huggingFace));
  const problems: string[] = [];
  const present: WeightName[] = [];
  for (const weight of expected) {
    if (!source.has(weight.huggingFace)) {
      if (!weight.optional) problems.push(`${weight.huggingFace} is missing, expected ${shapeText(storedShape(weight))}`);
      continue;
    }
    const { shape } = source.info(weight.huggingFace);
    const wanted = storedShape(weight);
    if (shape.length !== wanted.length || shape.some((size, dimension) => size !== wanted[dimension])) {
      problems.push(`${weight.huggingFace} is ${shapeText(shape)}, expected ${shapeText(wanted)}`);
    }
    present.push(weight);
  }
  for (const name of source.names()) {
    if (!known.has(name) && !weights.ignored.some(({ pattern }) => pattern.test(name))) problems.push(`${name} ${shapeText(source.info(name).shape)} is not a part of this model`);
  }
  if (problems.length === 0) return present;
  const more = problems.length > shownProblems ? `; and ${problems.length - shownProblems} more` : '';
  throw new ModelWeightsError({
    message: `The weights in ${where} do not fit its config.json: ${problems.slice(0, shownProblems).join('; ')}${more}. Check that both come from the same model.`,
    code: 'model-weights-mismatch',
    facts: { where, problems },
  });
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
