import { writtenAsPython } from '../harness/document-reader.js';
import { itemScore, type OutputType } from '../harness/output-type.js';
import type { RequestResults } from '../requests/evaluation-request.js';

/** How likely the target is after the question, and whether greedy decoding writes it. */
export const loglikelihood: OutputType = {
  name: 'loglikelihood',
  serves: ({ ofContinuation }) => ofContinuation !== undefined,

  ask(document, index, prompt, { reader }) {
    const target = reader.target(document, index);
    const continuation = writtenAsPython(typeof target === 'object' ? target[0] : target);
    if (continuation === '') throw reader.problem('doc_to_target', index, 'expected a text to score; got an empty one');
    return { prompt: prompt as string, target: continuation, requests: [{ kind: 'loglikelihood', context: prompt as string, continuation }] };
  },

  score(_document, _item, [result], { metrics }) {
    const { logProb, greedy } = result as RequestResults['loglikelihood'];
    return itemScore(greedy, [logProb], Object.fromEntries(metrics.map(({ name, ofContinuation }) => [name, ofContinuation!({ logProb, greedy })])));
  },
};
