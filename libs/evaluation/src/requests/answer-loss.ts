import { encodeRows } from '@tunesmith/datasets';
import { formatOf } from '@tunesmith/generation';
import type { RequestKind } from './request-kind.js';

export const answerLoss: RequestKind<'answer_loss'> = {
  kind: 'answer_loss',

  async run(model, requests, _settings, onResult, context) {
    const encoded = await encodeRows(requests.map(({ messages }) => ({ messages, split: 'validation' as const, tags: [] })), model.tokenizer, formatOf(model), { maxLength: model.contextLength });
    const logProbs = await model.tokenLogProbs(encoded, context);
    logProbs.forEach((row, index) => onResult(index, { logProbs: row.filter((logProb) => logProb !== null) }));
  },
};
