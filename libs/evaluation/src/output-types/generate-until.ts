import type { Document } from '../definitions/documents.js';
import { plainNumbers, writtenAsPython } from '../harness/document-reader.js';
import { itemScore, type OutputSettings, type OutputType } from '../harness/output-type.js';
import type { PartedValues } from '../metrics/metric.js';
import type { RequestResults } from '../requests/evaluation-request.js';

/** Tokens that are generated at most where a task does not say. */
const usualNewTokens = 256;

/** What the model writes after the question, as often as `repeats` says; each chain of filters makes its own prediction of it. */
export const generateUntil: OutputType = {
  name: 'generate_until',
  serves: ({ ofGeneration }) => ofGeneration !== undefined,

  ask(document, index, prompt, settings) {
    const { config, seed } = settings;
    const { until, do_sample, temperature, top_p, max_gen_toks, max_new_tokens, max_tokens, max_completion_tokens } = config.generation_kwargs ?? {};
    const sampled = do_sample ?? (temperature ?? 0) > 0;
    const references = referencesOf(document, index, settings);
    const request = {
      kind: 'generate_until' as const,
      prompt: prompt as string,
      until: until == null ? [config.fewshot_delimiter] : [until].flat(),
      maxNewTokens: max_gen_toks ?? max_new_tokens ?? max_tokens ?? max_completion_tokens ?? usualNewTokens,
      temperature: sampled ? (temperature ?? 1) : 0,
      topP: sampled ? (top_p ?? 1) : 1,
    };
    // Greedy repeats would all be the same; sampled ones differ by their seeds.
    return {
      prompt: prompt as string,
      target: references.length === 1 ? references[0] : references,
      requests: Array.from({ length: config.repeats }, (_, repeat) => ({ ...request, seed: sampled ? seed + index * config.repeats + repeat : 0 })),
    };
  },

  async score(document, { target }, results, { config, filters, metrics }) {
    const responses = (results as RequestResults['generate_until'][]).map(({ text }) => text);
    const references = [target].flat() as string[];
    const values: Record<string, unknown> = {};
    const notes: Record<string, unknown> = {};
    const predictions: Record<string, unknown> = {};
    for (const { name, steps } of filters) {
      const prediction = steps.reduce<unknown>((kept, step) => step(kept, document), responses);
      predictions[name] = prediction;
      const named = (metric: string): string => (filters.length === 1 || name === 'none' ? metric : `${metric}-${name}`);
      for (const { name: metric, parts, ofGeneration } of metrics) {
        const value = await ofGeneration!({ prediction, references, document, ...(config.tools != null && { tools: plainNumbers(document[config.tools]) }) });
        if (!parts) values[named(metric)] = value;
        else {
          const parted = value as PartedValues;
          for (const part of parts) values[named(part)] = parted.values[part];
          if (parted.note !== undefined) notes[named(metric)] = parted.note;
        }
      }
    }
    const [only, ...others] = Object.values(predictions);
    const score = itemScore(others.length === 0 ? only : { text: responses.length === 1 ? responses[0] : responses, ...predictions }, [], values);
    return Object.keys(notes).length === 0 ? score : { ...score, notes };
  },
};

/** Right answers as texts. With choices, the target is the place of the right one. */
function referencesOf(document: Document, index: number, { config, reader }: OutputSettings): string[] {
  const target = reader.target(document, index);
  if (config.doc_to_choice != null) {
    const choices = reader.choices(document, index);
    const right = typeof target === 'number' ? choices[target] : undefined;
    if (right === undefined) throw reader.problem('doc_to_target', index, `expected the place of one of ${choices.length} choices; got ${JSON.stringify(target)}`);
    return [right];
  }
  const all = typeof target === 'object' ? target.map(writtenAsPython) : [writtenAsPython(target)];
  if (all.length === 0) throw reader.problem('doc_to_target', index, 'expected a right answer; the list is empty');
  return all;
}
