import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InferenceModel } from '@tunesmith/generation';
import { packTokens } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor, type WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';
import { softmax, type DomainJudge } from './domain-judge.js';
import type { DomainLabels } from './domain-labels.js';
import { domainProbes, expectTellsApart } from './domain-probes.js';
import { fitCalibration, type Calibration } from './fit-calibration.js';

/** A text whose domain is known. */
export interface LabelledText {
  readonly text: string;
  readonly domain: string;
}

export interface LabelJudgeOptions {
  /** Of a text what the judge reads: its first tokens. */
  readonly textTokens: number;
  /** What the calibration is learned from; absent: from texts that say nothing. */
  readonly examples?: readonly LabelledText[];
  /** Whether they are those of this library; the report says so. */
  readonly own?: boolean;
}

/** Texts that say nothing: what a judge answers to them is its bias (contextual calibration, arXiv 2102.09690). */
const contentFree = ['', 'N/A', '...', 'text', 'Hello', '[MASK]'];

/** Tokens that go through the judge at once. */
const batchTokens = 2048;

/**
 * A model that judges by the likelihood of labels: after a text it is asked for its topic, and the words that stand for a domain vie for the next token.
 * Its bias for some labels is taken out by a calibration: with examples an affine map of all words' log-probabilities that is learned from them, without
 * any by dividing through what it answers to texts that say nothing.
 *
 * @throws EvaluationError `labels-alike`; `judge-constant` where it gives one label to texts that name each domain in turn.
 */
export async function openLabelJudge(loaded: InferenceModel, labels: DomainLabels, { textTokens, examples = [], own = false }: LabelJudgeOptions, context: WorkContext): Promise<DomainJudge> {
  const domains = Object.keys(labels);
  const { prefix, words } = readWords(loaded, labels);
  const calibrating: WorkContext = { signal: context.signal, onProgress: (progress) => context.onProgress({ ...progress, phase: 'calibrate the judge' }) };
  const featuresOf = (texts: readonly string[], within: WorkContext): Promise<number[][]> => wordLogProbs(loaded, texts.map((text) => [...promptOf(loaded, domains, text, textTokens), ...prefix]), words.map(({ tokens }) => tokens), within);

  const sumsByDomain = (features: readonly number[]): number[] => domains.map((_, domain) => logSum(words.flatMap((word, place) => (word.domain === domain ? [features[place]!] : []))));
  let calibration: Calibration;
  let description: Record<string, unknown>;
  if (examples.length > 0) {
    const features = await featuresOf(examples.map(({ text }) => text), calibrating);
    calibration = fitCalibration(features.map((each, index) => ({ features: centred(each), domain: domains.indexOf(examples[index]!.domain) })), domains.length);
    const learned = calibration;
    calibration = (each) => learned(centred(each));
    description = { kind: own ? 'own-examples' : 'examples', examples: examples.length };
  } else {
    const priors = (await featuresOf(contentFree, calibrating)).map((features) => softmax(sumsByDomain(features)));
    const bias = domains.map((_, domain) => priors.reduce((sum, prior) => sum + prior[domain]!, 0) / priors.length);
    calibration = (features) => sumsByDomain(features).map((score, domain) => score - Math.log(bias[domain]!));
    description = { kind: 'contextual', bias: Object.fromEntries(domains.map((domain, place) => [domain, bias[place]!])) };
  }
  const verdict = (features: readonly number[]): number[] => softmax(calibration(features));

  expectTellsApart((await featuresOf(domainProbes(labels), calibrating)).map(verdict), domains, description, examples.length > 0 && !own ? 'Take a larger judge, or give it more examples of each domain.' : 'Take a larger judge, or give it examples of the domains.');
  return { calibration: description, judge: async (texts, within) => (await featuresOf(texts, within)).map(verdict) };
}

interface Words {
  /** What all words begin with, such as a space that is a token of its own: part of the prompt. */
  readonly prefix: readonly number[];
  readonly words: readonly Word[];
}

interface Word {
  /** The place of its domain. */
  readonly domain: number;
  /** Its first tokens, with a capital and without. */
  readonly tokens: readonly number[];
}

/** A word is told by its first token, which has to be of one domain alone. */
function readWords({ tokenizer }: InferenceModel, labels: DomainLabels): Words {
  const encoded = Object.entries(labels).flatMap(([name, words], domain) =>
    words.map((word) => ({ name, word, domain, forms: [` ${word}`, ` ${word.charAt(0).toUpperCase()}${word.slice(1)}`].map((form) => tokenizer.encode(form, { addSpecialTokens: false })) })),
  );
  const prefix = commonPrefix(encoded.flatMap(({ forms }) => forms));
  const owners = new Map<number, string>();
  const words = encoded.map(({ name, word, domain, forms }): Word => {
    const tokens = [...new Set(forms.map((form) => form[prefix.length]!))];
    for (const token of tokens) {
      const owner = owners.get(token) ?? name;
      if (owner !== name) {
        throw new EvaluationError({ message: `domains: expected words that differ in their first token to this judge; "${word}" of ${name} begins as a word of ${owner} does. Take another word for one of them.`, code: 'labels-alike', facts: { word, domains: [owner, name] } });
      }
      owners.set(token, name);
    }
    return { domain, tokens };
  });
  return { prefix, words };
}

/** What all lists begin with, without the whole of any. */
function commonPrefix(lists: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...others] = lists;
  const shortest = Math.min(...lists.map(({ length }) => length)) - 1;
  const differs = first.findIndex((token, place) => place >= shortest || others.some((list) => list[place] !== token));
  return first.slice(0, differs);
}

/** Read as a text that goes on, not as a conversation: base models judge too, and small tuned ones judge better so. */
function promptOf({ tokenizer }: InferenceModel, domains: readonly string[], text: string, textTokens: number): number[] {
  const tokens = tokenizer.encode(text, { addSpecialTokens: false });
  const read = tokens.length <= textTokens ? text : tokenizer.decode(tokens.slice(0, textTokens), { skipSpecialTokens: true });
  const choices = `${domains.slice(0, -1).join(', ')} or ${domains.at(-1)!}`;
  return tokenizer.encode(`Each text below is filed under one topic: ${choices}.\n\nText: ${read}\n\nTopic:`, { addSpecialTokens: true });
}

/** For each prompt the logarithm of the probability that one of a word's tokens follows, word by word. */
async function wordLogProbs({ model }: InferenceModel, prompts: readonly (readonly number[])[], words: readonly (readonly number[])[], context: WorkContext): Promise<number[][]> {
  const wanted = words.flat();
  const results: number[][] = [];
  for (let next = 0; next < prompts.length; ) {
    await nextTurn();
    context.signal.throwIfAborted();
    const batch: (readonly number[])[] = [];
    let tokens = 0;
    while (next < prompts.length && (batch.length === 0 || tokens + prompts[next]!.length <= batchTokens)) {
      tokens += prompts[next]!.length;
      batch.push(prompts[next]!);
      next += 1;
    }
    const logProbs = scope(() =>
      noGrad(() => {
        const { device } = model.outputWeight;
        const packed = packTokens(batch, { device });
        const ends = tensor(packed.boundaries.slice(1).map((end) => end - 1), { dtype: 'int64', device });
        const logits = ops.toDtype(model.logits(ops.indexSelect(model.hidden(packed), 0, ends)), 'float32'); // [rows, vocabulary]
        const scores = ops.sub(logits, ops.logsumexp(logits, [-1], true));
        return ops.indexSelect(scores, 1, tensor(wanted, { dtype: 'int64', device })).toArray(); // [rows, tokens of words]
      }),
    );
    for (let row = 0; row < batch.length; row += 1) {
      let place = row * wanted.length;
      results.push(words.map((of) => logSum(logProbs.slice(place, (place += of.length)))));
    }
    context.onProgress({ phase: 'judge', done: results.length, total: prompts.length, unit: 'texts' });
  }
  return results;
}

/** What a text makes likelier than the other words, not how likely it makes words at all. */
function centred(features: readonly number[]): number[] {
  const mean = features.reduce((sum, feature) => sum + feature, 0) / features.length;
  return features.map((feature) => feature - mean);
}

function logSum(logProbs: readonly number[]): number {
  const highest = Math.max(...logProbs);
  return highest + Math.log(logProbs.reduce((sum, logProb) => sum + Math.exp(logProb - highest), 0));
}
