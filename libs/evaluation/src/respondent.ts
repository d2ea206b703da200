import { openOwnModel, type LoadForInferenceOptions, type TokenModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { ChatTemplate } from '@tunesmith/tokenizers';
import { requestKinds } from './request-kinds.js';
import type { EvaluationRequest, RequestOf, RequestResults } from './requests/evaluation-request.js';
import type { RequestSettings } from './requests/request-kind.js';

/** Whatever an evaluation asks: a model of ours, a file in llama.cpp or onnxruntime, or an address. Tasks, metrics and the cache do not know which. */
export interface Respondent extends AsyncDisposable {
  /**
   * Answers requests of one kind; `onResult` hears each result as soon as it is there.
   *
   * @throws EvaluationError `request-not-answered` where it cannot answer this kind at all, with the reason.
   */
  run<Kind extends EvaluationRequest['kind']>(kind: Kind, requests: readonly RequestOf<Kind>[], settings: RequestSettings, onResult: (index: number, result: RequestResults[Kind]) => void, context: WorkContext): Promise<void>;
}

/** What an evaluation asks, before it is opened. */
export interface EvaluationTarget {
  open(signal: AbortSignal): Promise<Respondent>;
  /** How its conversations are written; undefined where it has no template, or nobody knows it. */
  chatTemplate(): Promise<Pick<ChatTemplate, 'render' | 'renderWithTools'> | undefined>;
}

/** A folder with a model, and an adapter beside it, on our own library. */
export function ownTarget(folder: string, options: LoadForInferenceOptions): EvaluationTarget {
  return { open: async () => tokenRespondent(await openOwnModel(folder, options)), chatTemplate: () => ChatTemplate.fromFolder(folder) };
}

/** A model that is asked in tokens, which answers every kind of request. */
export function tokenRespondent(model: TokenModel): Respondent {
  return {
    run: (kind, requests, settings, onResult, context) => requestKinds[kind].run(model, requests, settings, onResult, context),
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  };
}
