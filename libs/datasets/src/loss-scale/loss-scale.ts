import type { LossWeighing, WeighedText } from '@tunesmith/tokenizers';
import { DatasetError } from '../dataset-error.js';
import type { Message } from '../row.js';
import { builtInScales, type LossScale } from './built-in-scales.js';
import { weighResponse, type LossScaleRule } from './weigh-response.js';

/** Which turns are trained on at all: the assistant's, those after the user's last message, or everything, questions too. */
const strategies = ['default', 'last_round', 'all'] as const;

/** How a row's tokens are weighed, or undefined where it is as without a loss scale: the assistant's one each, the others not at all. */
export type RowWeighing = (messages: readonly Message[]) => LossWeighing | undefined;

/**
 * A loss scale as SWIFT writes it: `[default|last_round|all]+scale1+scale2…`, or a rule of one's own. Scales in a chain each cut what the one
 * before left, and their weights multiply. `loss` and `lossScale` of a message go before all of it.
 *
 * @throws DatasetError `unknown-loss-scale`, `bad-loss-scale`.
 */
export function parseLossScale(spec: string | LossScaleRule): RowWeighing {
  const words = typeof spec === 'string' ? spec.split('+').map((word) => word.trim()) : [];
  const strategy = strategies.find((each) => each === words[0]);
  const names = strategy ? words.slice(1) : words;
  const scales = typeof spec === 'string' ? names.map(scaleNamed) : [{ response: checkRule(spec) }];
  const plain = (strategy ?? 'default') === 'default' && scales.every(({ response }) => Object.keys(response).length === 0);
  return (messages) => {
    if (plain && messages.every(({ loss, lossScale }) => loss === undefined && lossScale === undefined)) return undefined;
    const lastQuestion = messages.findLastIndex(({ role }) => role === 'user');
    const trained = (message: number): boolean => messages[message]!.loss ?? (strategy !== 'last_round' || message > lastQuestion);
    return {
      said(text, message) {
        if (!trained(message)) return [{ text, weight: 0 }];
        const own = messages[message]!.lossScale;
        return own === undefined ? weighBy(scales, text, messages[message - 1]?.content) : [{ text, weight: own }];
      },
      end: (message) => (trained(message) ? (messages[message]!.lossScale ?? 1) : 0),
      others: (text) => (strategy === 'all' ? weighBy(scales, text) : [{ text, weight: 0 }]),
    };
  };
}

function weighBy(scales: readonly LossScale[], text: string, question = ''): WeighedText[] {
  let pieces: WeighedText[] = [{ text, weight: 1 }];
  for (const { response, query = {} } of scales) {
    const asked = Object.entries(query).find(([phrase]) => question.includes(phrase));
    pieces = asked
      ? pieces.map((piece) => ({ ...piece, weight: piece.weight * asked[1] }))
      : pieces.flatMap((piece) => weighResponse(piece.text, response).map((part) => ({ text: part.text, weight: part.weight * piece.weight })));
  }
  return pieces;
}

function scaleNamed(name: string): LossScale {
  const scale = Object.hasOwn(builtInScales, name) ? builtInScales[name] : undefined;
  if (scale) return scale;
  throw new DatasetError({
    message: `lossScale: expected ${strategies.join(', ')} or a scale (${Object.keys(builtInScales).join(', ')}), joined by + with the strategy first; got "${name}".`,
    code: 'unknown-loss-scale',
    facts: { name },
  });
}

function checkRule(rule: LossScaleRule): LossScaleRule {
  for (const [key, weights] of Object.entries(rule)) {
    const fail = (reason: string, cause?: unknown): never => {
      throw new DatasetError({ message: `lossScale: the key ${JSON.stringify(key)}: ${reason}`, code: 'bad-loss-scale', facts: { key, weights }, cause });
    };
    if (![1, 2].includes(weights.length) || !weights.every((weight) => Number.isFinite(weight) && weight >= 0)) {
      fail(`expected two weights from 0 for a marker (its own, and that of what follows) or one for a regular expression; got ${JSON.stringify(weights)}.`);
    }
    if (weights.length === 2) continue;
    try {
      new RegExp(key, 'su');
    } catch (cause) {
      fail(`expected a regular expression, because it has one weight; got ${cause instanceof Error ? cause.message : String(cause)}.`, cause);
    }
  }
  return rule;
}
