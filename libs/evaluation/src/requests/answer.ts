import { answerConversations } from '@tunesmith/generation';
import type { RequestKind } from './request-kind.js';

export const answer: RequestKind<'answer'> = {
  kind: 'answer',

  async run(model, requests, { batchRows }, onResult, context) {
    const lengths = [...new Set(requests.map(({ maxNewTokens }) => maxNewTokens))];
    for (const maxNewTokens of lengths) {
      const indices = [...requests.keys()].filter((index) => requests[index]!.maxNewTokens === maxNewTokens);
      const answers = await answerConversations(model, indices.map((index) => requests[index]!.messages), { maxNewTokens, ...(batchRows !== undefined && { batchRows }) }, context);
      answers.forEach(({ text, logProbs }, place) => onResult(indices[place]!, { text, logProbs }));
    }
  },
};
