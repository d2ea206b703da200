import { loadForInference, type InferenceModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { requestKinds } from './request-kinds.js';
import type { EvaluationRequest, RequestOf, RequestResult, RequestResults } from './requests/evaluation-request.js';
import { keyOf, type ResultCache } from './result-cache.js';

export interface AskModelOptions {
  readonly folder: string;
  readonly adapterFolder?: string | undefined;
  readonly dtype: 'float32' | 'bfloat16' | 'model';
  readonly batchRows?: number;
  readonly cache?: ResultCache;
}

/** A model that is asked. It is loaded at the first request whose result is not known yet. */
export class AskedModel implements Disposable {
  #loaded: InferenceModel | undefined;
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
    const { folder, adapterFolder, dtype, batchRows, cache } = this.options;
    this.#loaded ??= await loadForInference(folder, { dtype, adapterFolder });
    const onResult = (index: number, result: RequestResults[Kind]): void => {
      const [key, request] = own[index]!;
      this.#known.set(key, result);
      cache?.add(request, result);
    };
    await requestKinds[kind].run(this.#loaded, own.map(([, request]) => request as RequestOf<Kind>), { ...(batchRows !== undefined && { batchRows }) }, onResult, context);
  }

  [Symbol.dispose](): void {
    this.#loaded?.[Symbol.dispose]();
    this.#loaded = undefined;
  }
}
