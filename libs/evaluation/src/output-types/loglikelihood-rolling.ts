import { itemScore, type OutputType } from '../harness/output-type.js';
import { pythonSpaces } from '@tunesmith/tokenizers';
import type { RequestResults } from '../requests/evaluation-request.js';

/** How likely a whole text is: the target, without a question. */
export const loglikelihoodRolling: OutputType = {
  name: 'loglikelihood_rolling',
  serves: ({ ofText }) => ofText !== undefined,

  ask(document, index, _prompt, { reader }) {
    const target = reader.target(document, index);
    if (typeof target !== 'string' || target === '') throw reader.problem('doc_to_target', index, `expected a text to score; got ${JSON.stringify(target)}`);
    return { prompt: '', target, requests: [{ kind: 'loglikelihood_rolling', text: target }] };
  },

  score(_document, { target }, [result], { metrics }) {
    const { logProb } = result as RequestResults['loglikelihood_rolling'];
    const text = String(target);
    const outcome = { logProb, words: text.split(pythonSpaces).length, bytes: Buffer.byteLength(text) };
    return itemScore(null, [logProb], Object.fromEntries(metrics.map(({ name, ofText }) => [name, ofText!(outcome)])));
  },
};
