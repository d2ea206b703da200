import { chatMessage, type Message } from '@tunesmith/datasets';
import { AddressClient, jsonOf, type NoAnswer, type TeacherAddress } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { ChatTemplate } from '@tunesmith/tokenizers';
import { EvaluationError } from './evaluation-error.js';
import { mapInParallel } from './map-in-parallel.js';
import type { AnswerLossRequest, AnswerRequest, ConversationRequest, EvaluationRequest, GenerateUntilRequest, LoglikelihoodRequest, LoglikelihoodRollingRequest, RequestOf, RequestResults } from './requests/evaluation-request.js';
import { cutAt } from './requests/generate-until.js';
import type { EvaluationTarget, Respondent } from './respondent.js';
import { WrittenConversations } from './written-conversations.js';

/**
 * A model behind an OpenAI-compatible address. Texts are continued by `/completions`, conversations by `/chat/completions`; how likely a text is says the server by echoing
 * it with its log-probabilities, where it offers that. Nothing is known of its tokenizer: where a context ends is told by the offsets of its tokens. `templateFolder` is a model that reads
 * conversations as the server's does: what an assistant said in them is looked up in their text then, where the server echoes texts.
 *
 * Opening it throws TeacherError `teacher-address-invalid`, `teacher-key-missing`.
 */
export function addressTarget(address: TeacherAddress, templateFolder: string | undefined): EvaluationTarget {
  return {
    open: async () => new AddressRespondent(new AddressClient(address), templateFolder),
    chatTemplate: async () => (templateFolder === undefined ? undefined : ChatTemplate.fromFolder(templateFolder)),
  };
}

class AddressRespondent implements Respondent {
  readonly #ways: { readonly [Kind in EvaluationRequest['kind']]: (request: RequestOf<Kind>, signal: AbortSignal) => Promise<RequestResults[Kind]> } = {
    loglikelihood: (request, signal) => this.#loglikelihood(request, signal),
    loglikelihood_rolling: (request, signal) => this.#rolling(request, signal),
    generate_until: (request, signal) => this.#generate(request, signal),
    answer: (request, signal) => this.#answer(request, signal),
    conversation: (request, signal) => this.#conversation(request, signal),
    answer_loss: (request, signal) => this.#answerLoss(request, signal),
  };

  #written: Promise<WrittenConversations> | undefined;

  constructor(private readonly client: AddressClient, private readonly templateFolder: string | undefined) {}

  async run<Kind extends EvaluationRequest['kind']>(kind: Kind, requests: readonly RequestOf<Kind>[], _settings: object, onResult: (index: number, result: RequestResults[Kind]) => void, context: WorkContext): Promise<void> {
    const ask = this.#ways[kind];
    const stopping = new AbortController();
    const signal = AbortSignal.any([context.signal, stopping.signal]);
    let done = 0;
    const askOne = async (request: RequestOf<Kind>, index: number): Promise<void> => {
      onResult(index, await ask(request, signal));
      context.onProgress({ phase: 'ask', done: (done += 1), total: requests.length, unit: 'requests' });
    };
    try {
      await mapInParallel(requests, this.client.address.concurrency, askOne, () => stopping.abort());
    } catch (error) {
      context.signal.throwIfAborted();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Blanks at the end of a context belong to the continuation, as with every other respondent. */
  async #loglikelihood({ context, continuation }: LoglikelihoodRequest, signal: AbortSignal): Promise<RequestResults['loglikelihood']> {
    const start = lengthOf(context.trimEnd());
    const scored = start === 0 ? await this.#whole(context + continuation, signal) : (await this.#echo(context + continuation, signal)).filter(({ offset }) => offset >= start);
    return { logProb: sumOf(scored), greedy: scored.every(({ logProb, highest }) => logProb! >= highest), tokens: scored.length };
  }

  async #rolling({ text }: LoglikelihoodRollingRequest, signal: AbortSignal): Promise<RequestResults['loglikelihood_rolling']> {
    const scored = await this.#whole(text, signal);
    return { logProb: sumOf(scored), tokens: scored.length };
  }

  /** All tokens of a text, which only servers can score whose tokenizer begins texts with a token of its own. */
  async #whole(text: string, signal: AbortSignal): Promise<EchoedToken[]> {
    const [first, ...others] = await this.#echo(text, signal);
    if (first === undefined || first.logProb !== null) return first ? [first, ...others] : [];
    if (others[0]?.offset !== 0) throw this.#unable('how likely a text without a context is', 'the first token of an echoed text has no log-probability');
    return others;
  }

  async #generate({ prompt, until, maxNewTokens, temperature, topP, seed }: GenerateUntilRequest, signal: AbortSignal): Promise<RequestResults['generate_until']> {
    // Four is the most that OpenAI takes; what is cut off here is the same in any case.
    const body = { model: this.client.address.model, prompt, max_tokens: maxNewTokens, temperature, top_p: topP, seed, ...(until.length > 0 && { stop: until.filter(Boolean).slice(0, 4) }) };
    const { text, tokens } = await this.client.post('/completions', body, seed, readTexts('text'), signal);
    return { text: cutAt(text, until), tokens };
  }

  async #answer({ messages, maxNewTokens }: AnswerRequest, signal: AbortSignal): Promise<RequestResults['answer']> {
    return { text: await this.#say(messages, maxNewTokens, signal), logProbs: [] };
  }

  async #conversation({ system, questions, maxNewTokens }: ConversationRequest, signal: AbortSignal): Promise<RequestResults['conversation']> {
    const messages: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
    const answers: string[] = [];
    for (const question of questions) {
      messages.push({ role: 'user', content: question });
      answers.push((await this.#say(messages, maxNewTokens, signal)).trim());
      messages.push({ role: 'assistant', content: answers.at(-1)! });
    }
    return { answers };
  }

  /** A token counts where it begins. */
  async #answerLoss({ messages }: AnswerLossRequest, signal: AbortSignal): Promise<RequestResults['answer_loss']> {
    if (this.templateFolder === undefined) throw this.#unable('how likely the answer of a conversation is', 'servers say that of texts alone, and nobody knows how this one writes conversations. Give a model that reads them alike with --template');
    this.#written ??= WrittenConversations.fromFolder(this.templateFolder);
    const { text, said } = (await this.#written).write(messages);
    const tokens = (await this.#echo(text, signal)).filter(({ offset }) => said.some(({ start, end }) => start <= offset && offset < end));
    return { logProbs: tokens.map(({ logProb }) => logProb!) };
  }

  async #say(messages: readonly Message[], maxNewTokens: number, signal: AbortSignal): Promise<string> {
    const body = { model: this.client.address.model, messages: messages.map(chatMessage), max_tokens: maxNewTokens, temperature: 0 };
    return (await this.client.post('/chat/completions', body, 0, readTexts('message'), signal)).text;
  }

  /** The tokens of a text as the server reads it. One more is asked for, because some servers do not take 0. */
  async #echo(text: string, signal: AbortSignal): Promise<EchoedToken[]> {
    const body = { model: this.client.address.model, prompt: text, max_tokens: 1, temperature: 0, logprobs: 1, echo: true };
    const { tokens } = await this.client.post('/completions', body, 0, readEcho, signal);
    if (!tokens) throw this.#unable('how likely a text is', 'the server does not echo texts with log-probabilities');
    const end = lengthOf(text);
    const read = tokens.filter(({ offset }) => offset < end);
    // A token may begin within a character, which then stands at the end of the text.
    if (read.slice(1).some(({ logProb }) => logProb === null)) throw this.#unable('how likely a text is', 'the server leaves out log-probabilities of its tokens');
    return read;
  }

  #unable(what: string, reason: string): EvaluationError {
    return new EvaluationError({ message: `${this.client.name} cannot be asked ${what}: ${reason}. Choose tasks that generate text, or evaluate the model itself.`, code: 'request-not-answered', facts: { what, reason } });
  }
}

interface EchoedToken {
  readonly offset: number;
  /** Null of a first token. */
  readonly logProb: number | null;
  /** Of the likeliest token in its place. */
  readonly highest: number;
}

function sumOf(tokens: readonly EchoedToken[]): number {
  return tokens.reduce((sum, { logProb }) => sum + logProb!, 0);
}

/** In characters as Unicode counts them: how servers count offsets. */
function lengthOf(text: string): number {
  return [...text].length;
}

function readTexts(key: 'text' | 'message'): (response: Response, name: string) => Promise<{ text: string; tokens: number } | NoAnswer> {
  const expected = key === 'text' ? '{"choices":[{"text":"…"}]}' : '{"choices":[{"message":{"content":"…"}}]}';
  return (response, name) => jsonOf(response, name, expected, (value) => {
    const { choices, usage } = value as { choices: [{ text?: unknown; message?: { content?: unknown } }]; usage?: { completion_tokens?: unknown } };
    const text = key === 'text' ? choices[0].text : choices[0].message?.content;
    const tokens = usage?.completion_tokens;
    return typeof text === 'string' ? { text: text.toWellFormed(), tokens: typeof tokens === 'number' ? tokens : 0 } : undefined;
  });
}

/** `tokens` is absent where the server answers, but not with what an echo has. */
function readEcho(response: Response, name: string): Promise<{ tokens?: EchoedToken[] } | NoAnswer> {
  return jsonOf(response, name, '{"choices":[{"logprobs":{"token_logprobs":[…],"text_offset":[…]}}]}', (value) => {
    const { logprobs } = (value as { choices: [{ logprobs?: { token_logprobs?: unknown; top_logprobs?: unknown; text_offset?: unknown } | null }] }).choices[0];
    const { token_logprobs: logProbs, top_logprobs: tops, text_offset: offsets } = logprobs ?? {};
    if (!Array.isArray(logProbs) || !Array.isArray(offsets)) return {};
    return {
      tokens: logProbs.map((logProb: unknown, place): EchoedToken => {
        const top = Array.isArray(tops) ? Object.values((tops[place] ?? {}) as Record<string, number>) : [];
        return { offset: Number(offsets[place]), logProb: typeof logProb === 'number' ? logProb : null, highest: Math.max(-Infinity, ...top) };
      }),
    };
  });
}
