import type { Message } from '@tunesmith/datasets';
import { answerConversations } from '@tunesmith/generation';
import type { RequestKind } from './request-kind.js';

export const conversation: RequestKind<'conversation'> = {
  kind: 'conversation',

  async run(model, requests, { batchRows }, onResult, context) {
    for (const maxNewTokens of new Set(requests.map((request) => request.maxNewTokens))) {
      const answers = new Map([...requests.entries()].flatMap(([index, request]) => (request.maxNewTokens === maxNewTokens ? [[index, [] as string[]]] : [])));
      // All first questions side by side, then all second ones.
      for (let turn = 0; ; turn += 1) {
        const open = [...answers].filter(([index]) => turn < requests[index]!.questions.length);
        if (open.length === 0) break;
        const given = await answerConversations(model, open.map(([index, said]) => messagesOf(requests[index]!, said)), { maxNewTokens, ...(batchRows !== undefined && { batchRows }) }, context);
        given.forEach(({ text }, place) => {
          const [index, said] = open[place]!;
          said.push(text.trim());
          if (said.length === requests[index]!.questions.length) onResult(index, { answers: said });
        });
      }
    }
  },
};

/** The conversation up to the next question. */
function messagesOf({ system, questions }: { readonly system?: string; readonly questions: readonly string[] }, answers: readonly string[]): Message[] {
  const turns = questions.slice(0, answers.length + 1).flatMap((content, turn): Message[] => [{ role: 'user', content }, ...(turn < answers.length ? [{ role: 'assistant' as const, content: answers[turn]! }] : [])]);
  return [...(system === undefined ? [] : [{ role: 'system' as const, content: system }]), ...turns];
}
