import type { WorkContext } from '@tunesmith/tensor';
import { requestKinds } from './request-kinds.js';
import type { EvaluationRequest, RequestOf, RequestResult, RequestResults } from './requests/evaluation-request.js';
import type { Respondent } from './respondent.js';
import { keyOf, type ResultCache } from './result-cache.js';

export interface AskModelOptions {
  readonly open: () => Promise<Respondent>;
  readonly batchRows?: number;
  readonly cache?: ResultCache;
}

/** A model that is asked. It is opened at the first request whose result is not known yet. */
export class AskedModel implements AsyncDisposable {
  #opened: Respondent | undefined;
  readonly #known = new Map<string, RequestResult>();

  constructor(private readonly options: AskModelOptions) {}

  /** One result for each request, in their order; equal requests are asked once. */
  async ask(requests: readonly EvaluationRequest[], context: WorkContext): Promise<RequestResult[]> {
    const keys = requests.map(keyOf);
    const missing = new Map<string, EvaluationRequest>();
    requests.forEach((request, index) => {
      const key = keys[index]!;
      const known = this.#known.get(key) ?? this.options.cache?.get(request);
      if (known) this.#known.set(key, known);
      else missing.set(key, request);
    });
    for (const kind of Object.keys(requestKinds) as EvaluationRequest['kind'][]) {
      const own = [...missing].filter(([, request]) => request.kind === kind);
      if (own.length > 0) await this.#run(kind, own, context);
    }
    return keys.map((key) => this.#known.get(key)!);
  }

  async #run<Kind extends EvaluationRequest['kind']>(kind: Kind, own: readonly (readonly [string, EvaluationRequest])[], context: WorkContext): Promise<void> {
    const { open, batchRows, cache } = this.options;
    this.#opened ??= await open();
    const onResult = (index: number, result: RequestResults[Kind]): void => {
      const [key, request] = own[index]!;
      this.#known.set(key, result);
      cache?.add(request, result);
    };
    await this.#opened.run(kind, own.map(([, request]) => request as RequestOf<Kind>), { ...(batchRows !== undefined && { batchRows }) }, onResult, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.[Symbol.asyncDispose]();
    this.#opened = undefined;
  }
}
