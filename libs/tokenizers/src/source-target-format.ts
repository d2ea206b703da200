import type { ConversationFormat, EncodedConversation, EncodedPrompt, LossWeighing } from './conversation-format.js';
import { encodeWeighed } from './encode-weighed.js';
import { EmptyLossMaskError, SourceTargetError } from './errors.js';
import type { Tokenizer } from './tokenizer.js';
import type { ChatMessage, ChatTool } from './training-spans.js';

/**
 * How an encoder-decoder such as T5 reads text. There is no chat template: the encoder reads the raw instruction, the decoder writes the
 * answer, and both end with the end token.
 *
 *     source    instruction </s>
 *     target    <start> answer </s>      the decoder reads it up to the last token, and learns it from the first on
 *
 * A conversation has one question and one answer: a system message and the user's are the source, a blank line between them. Several turns are
 * refused, in training as in serving: these models were never shown who said what.
 */
export class SourceTargetFormat implements ConversationFormat {
  /** `startTokenId`: `decoder_start_token_id` of the published configuration. */
  constructor(readonly startTokenId: number) {}

  /** The encoder's side is never trained on, whatever the weighing says of it. */
  encodeForTraining(tokenizer: Tokenizer, messages: readonly ChatMessage[], weighing?: LossWeighing, tools: readonly ChatTool[] = []): EncodedConversation {
    refuseTools(messages, tools);
    const answer = messages.at(-1);
    if (answer?.role !== 'assistant') {
      throw new EmptyLossMaskError({
        code: 'empty-loss-mask',
        message: 'Nothing of this conversation would be trained: it does not end with a turn of the role assistant.',
        facts: { roles: messages.map(({ role }) => role) },
      });
    }
    const pair = this.encodePair(tokenizer, instructionOf(messages.slice(0, -1)), answer.content);
    return weighing ? { ...this.weighed(tokenizer, answer.content, messages.length - 1, weighing), ...(pair.sourceTokenIds && { sourceTokenIds: pair.sourceTokenIds }) } : pair;
  }

  encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools: readonly ChatTool[] = []): EncodedPrompt {
    refuseTools(messages, tools);
    return { tokenIds: [this.startTokenId], sourceTokenIds: encodeToEnd(tokenizer, instructionOf(messages)) };
  }

  encodeConversation(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools: readonly ChatTool[] = []): EncodedPrompt {
    const { tokenIds, sourceTokenIds } = this.encodeForTraining(tokenizer, messages, undefined, tools);
    return { tokenIds, ...(sourceTokenIds && { sourceTokenIds }) };
  }

  /** Any two texts: what is read, and what is to be written. */
  encodePair(tokenizer: Tokenizer, source: string, target: string): EncodedConversation {
    const targetTokenIds = encodeToEnd(tokenizer, target);
    return {
      tokenIds: [this.startTokenId, ...targetTokenIds],
      lossMask: [false, ...targetTokenIds.map(() => true)],
      sourceTokenIds: encodeToEnd(tokenizer, source),
    };
  }

  private weighed(tokenizer: Tokenizer, answer: string, message: number, weighing: LossWeighing): EncodedConversation {
    const { tokenIds, lossMask, lossWeights } = encodeWeighed(tokenizer, weighing.said(answer, message));
    const ends = [endTokenIdOf(tokenizer)].filter((id) => tokenIds.at(-1) !== id);
    const endWeight = weighing.end(message);
    return {
      tokenIds: [this.startTokenId, ...tokenIds, ...ends],
      lossMask: [false, ...lossMask, ...ends.map(() => endWeight > 0)],
      ...((lossWeights || ![0, 1].includes(endWeight)) && { lossWeights: [0, ...(lossWeights ?? lossMask.map(Number)), ...ends.map(() => endWeight)] }),
    };
  }
}

function refuseTools(messages: readonly ChatMessage[], tools: readonly ChatTool[]): void {
  if (tools.length === 0 && messages.every((message) => !message.tool_calls)) return;
  throw new SourceTargetError({ code: 'tools-not-rendered', message: 'An encoder-decoder has no chat template and calls no tools. Leave rows with tools out, or use a chat model.', facts: { tools: tools.map((tool) => tool.function.name) } });
}

function instructionOf(messages: readonly ChatMessage[]): string {
  const roles = messages.map(({ role }) => role);
  if (roles.join() === 'user' || roles.join() === 'system,user') return messages.map(({ content }) => content).join('\n\n');
  throw new SourceTargetError({
    code: 'not-one-instruction',
    message: `An encoder-decoder reads one instruction and writes one answer: expected a user's message, after a system message at most, got ${roles.join(', ') || 'none'}. Put all that it is to read into one user's message (/new begins another chat).`,
    facts: { roles },
  });
}

/** The text and the end token, which a tokenizer writes by itself or not. */
function encodeToEnd(tokenizer: Tokenizer, text: string): number[] {
  const endTokenId = endTokenIdOf(tokenizer);
  const ids = tokenizer.encode(text);
  return ids.at(-1) === endTokenId ? ids : [...ids, endTokenId];
}

function endTokenIdOf(tokenizer: Tokenizer): number {
  const [endTokenId] = tokenizer.eosTokenIds;
  if (endTokenId === undefined) {
    throw new SourceTargetError({ code: 'no-end-token', message: 'An encoder-decoder needs an end token: name eos_token in tokenizer_config.json, or eos_token_id in config.json.', facts: {} });
  }
  return endTokenId;
}
