import { chatMessage, type Message, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import type { Generation, GenerationOptions } from './generate.js';
import { GenerationError } from './generation-error.js';
import { formatOf } from './load-for-inference.js';
import type { TokenModel } from './token-model.js';

export interface Answer extends Generation {
  readonly text: string;
}

export interface AnswerOptions extends Omit<GenerationOptions, 'stopTokenIds' | 'contextLength' | 'endsWith' | 'repetitionPenalty'> {
  /** What the assistant may call, for each conversation that has tools. */
  readonly tools?: readonly (Row['tools'] | undefined)[];
}

/** Answers conversations side by side. Each has to end with a user's message. */
export async function answerConversations(model: TokenModel, conversations: readonly (readonly Message[])[], { tools = [], ...options }: AnswerOptions, context: WorkContext): Promise<Answer[]> {
  const { tokenizer, contextLength } = model;
  const format = formatOf(model);
  const requests = conversations.map((messages, index) => {
    if (messages.at(-1)?.role !== 'user') {
      throw new GenerationError({
        message: `Conversation ${index}: expected a user's message at the end; got ${messages.length === 0 ? 'no message' : `the ${messages.at(-1)!.role}'s`}.`,
        code: 'conversation-without-question',
        facts: { conversation: index },
      });
    }
    return format.encodePrompt(tokenizer, messages.map(chatMessage), tools[index]);
  });
  const generations = await model.generate(requests, { ...options, stopTokenIds: tokenizer.eosTokenIds, contextLength }, context);
  return generations.map((generation) => ({ ...generation, text: tokenizer.decode([...generation.tokenIds], { skipSpecialTokens: true }) }));
}

/** Answers one conversation. */
export async function answerConversation(model: TokenModel, messages: readonly Message[], options: AnswerOptions, context: WorkContext): Promise<Answer> {
  const [answer] = await answerConversations(model, [messages], options, context);
  return answer!;
}
