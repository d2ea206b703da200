import { show } from '../problem.js';
import { isObject } from './messages.js';
import { answerDraft, isAbsent, type RowFormat } from './row-format.js';

/**
 * `{"instruction":"…","instances":[{"input":"…","output":"…"}]}`: the seed tasks of Self-Instruct (2212.10560). The first instance is the row; the
 * user's message is the instruction, a line break, and the input where there is one.
 */
export const selfInstruct: RowFormat = {
  name: 'self-instruct',
  mark: 'instances',
  keys: ['instruction', 'instances'],
  ignored: ['id', 'name', 'is_classification'],
  example: '{"instruction":"…","instances":[{"input":"…","output":"…"}]}',
  drafts({ instruction, instances }, report) {
    const [first] = Array.isArray(instances) ? (instances as unknown[]) : [];
    if (!isObject(first) || (!isAbsent(first.input) && typeof first.input !== 'string')) {
      report('bad-value', `instances: expected a list of objects with input and output; got ${show(instances)}`);
      return undefined;
    }
    const question = isAbsent(first.input) || typeof instruction !== 'string' ? instruction : `${instruction}\n${String(first.input)}`;
    return [{ role: 'user', content: question, place: 'instruction' }, ...answerDraft(first, 'output')];
  },
};
