import type { Document } from '../definitions/documents.js';
import { itemScore, type OutputSettings, type OutputType } from '../harness/output-type.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import { largestPlace } from '../metrics/metric.js';

/** How likely each choice is after the question: one request for each, and one more where a metric needs the choice alone. */
export const multipleChoice: OutputType = {
  name: 'multiple_choice',
  serves: ({ ofChoices }) => ofChoices !== undefined,

  ask(document, index, prompt, settings) {
    const { config, reader, several, metrics } = settings;
    const choices = reader.choices(document, index);
    const delimiter = delimiterOf(settings);
    const ask = (context: string, ending: string) => ({ kind: 'loglikelihood' as const, context, continuation: `${delimiter}${ending}` });
    const requests = several ? (prompt as readonly string[]).map((context) => ask(context, String(reader.target(document, index)))) : choices.map((choice) => ask(prompt as string, choice));
    const alone = metrics.some(({ unconditional }) => unconditional) ? choices.map((choice) => ask('', choice)) : [];
    if (requests.some(({ continuation }) => continuation === '')) throw reader.problem('doc_to_choice', index, `expected choices with text in them; one is empty, and target_delimiter (${JSON.stringify(config.target_delimiter)}) adds none`);
    const gold = goldOf(document, index, choices, settings);
    return { prompt: several ? (prompt as readonly string[]).join('\n') : (prompt as string), choices, target: gold.length === 1 ? gold[0] : gold, requests: [...requests, ...alone] };
  },

  score(document, { index, target }, results, { reader, metrics }) {
    const all = results as RequestResults['loglikelihood'][];
    const choices = reader.choices(document, index);
    const [own, alone] = [all.slice(0, choices.length), all.slice(choices.length)];
    const logProbs = own.map(({ logProb }) => logProb);
    const outcome = { choices, logProbs, greedy: own.map(({ greedy }) => greedy), gold: [target].flat() as number[], ...(alone.length > 0 && { unconditional: alone.map(({ logProb }) => logProb) }) };
    const values = Object.fromEntries(metrics.map(({ name, ofChoices }) => [name, ofChoices!(outcome)]));
    return itemScore(largestPlace(logProbs), logProbs, values);
  },
};

/** A chat template ends the question itself; a beginning of the answer may still need a blank behind it. */
function delimiterOf({ config, chat }: OutputSettings): string {
  if (!chat) return config.target_delimiter;
  return config.gen_prefix && !/\s$/.test(config.gen_prefix) ? config.target_delimiter : '';
}

/** Places of the right choices. A text is looked up among them. */
function goldOf(document: Document, index: number, choices: readonly string[], { reader, several }: OutputSettings): number[] {
  const name = several ? 'doc_to_text' : 'doc_to_target';
  const told = several ? reader.text(document, index) : reader.target(document, index);
  const all: readonly unknown[] = typeof told === 'object' ? told : [told];
  if (all.length === 0) throw reader.problem(name, index, 'expected a right answer; the list is empty');
  return all.map((each) => {
    const place = typeof each === 'number' ? each : choices.indexOf(String(each));
    if (Number.isInteger(place) && place >= 0 && place < choices.length) return place;
    throw reader.problem(name, index, `expected the place of one of ${choices.length} choices (0 to ${choices.length - 1}) or its text; got ${JSON.stringify(each)}, and the choices are ${JSON.stringify(choices).slice(0, 200)}`);
  });
}
