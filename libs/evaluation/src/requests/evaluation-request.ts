import type { Message } from '@tunesmith/datasets';

/** How likely a continuation of a context is. */
export interface LoglikelihoodRequest {
  readonly kind: 'loglikelihood';
  /** Empty: the model's token for the beginning of a text. */
  readonly context: string;
  readonly continuation: string;
}

/** How likely a whole text is, however long, in windows that do not overlap. */
export interface LoglikelihoodRollingRequest {
  readonly kind: 'loglikelihood_rolling';
  readonly text: string;
}

/** What the model writes after a prompt, up to the first of some texts. */
export interface GenerateUntilRequest {
  readonly kind: 'generate_until';
  readonly prompt: string;
  readonly until: readonly string[];
  readonly maxNewTokens: number;
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  readonly topP: number;
  /** Decides the draws of a temperature above 0. */
  readonly seed: number;
}

/** What the model answers in a conversation, greedily. */
export interface AnswerRequest {
  readonly kind: 'answer';
  readonly messages: readonly Message[];
  readonly maxNewTokens: number;
}

/** What the model answers to each of several questions in turn, greedily: each with the questions and its own answers before it. */
export interface ConversationRequest {
  readonly kind: 'conversation';
  /** Before the first question. */
  readonly system?: string;
  readonly questions: readonly string[];
  /** Of each answer. */
  readonly maxNewTokens: number;
}

/** How likely what the assistant says in a conversation is, token by token. */
export interface AnswerLossRequest {
  readonly kind: 'answer_loss';
  readonly messages: readonly Message[];
}

/** What a model is asked. Plain data: the same request of the same model has the same result, which is kept under its content. */
export type EvaluationRequest = LoglikelihoodRequest | LoglikelihoodRollingRequest | GenerateUntilRequest | AnswerRequest | ConversationRequest | AnswerLossRequest;

/** What comes back, by kind. Natural logarithms throughout; plain data. */
export interface RequestResults {
  /** `greedy`: whether every token of the continuation is the likeliest in its place. */
  readonly loglikelihood: { readonly logProb: number; readonly greedy: boolean; readonly tokens: number };
  readonly loglikelihood_rolling: { readonly logProb: number; readonly tokens: number };
  readonly generate_until: { readonly text: string; readonly tokens: number };
  readonly answer: { readonly text: string; readonly logProbs: readonly number[] };
  readonly conversation: { readonly answers: readonly string[] };
  readonly answer_loss: { readonly logProbs: readonly number[] };
}
export type RequestResult = RequestResults[keyof RequestResults];

export type RequestOf<Kind extends EvaluationRequest['kind']> = Extract<EvaluationRequest, { readonly kind: Kind }>;
