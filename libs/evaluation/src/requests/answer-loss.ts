import { encodeRows } from '@tunesmith/datasets';
import { formatOf, tokenLogProbs } from '@tunesmith/generation';
import type { RequestKind } from './request-kind.js';

export const answerLoss: RequestKind<'answer_loss'> = {
  kind: 'answer_loss',

  async run(loaded, requests, _settings, onResult, context) {
    const encoded = await encodeRows(requests.map(({ messages }) => ({ messages, split: 'validation' as const, tags: [] })), loaded.tokenizer, formatOf(loaded), { maxLength: loaded.contextLength });
    const logProbs = await tokenLogProbs(loaded.model, encoded, context);
    logProbs.forEach((row, index) => onResult(index, { logProbs: row.filter((logProb) => logProb !== null) }));
  },
};
