import type { TokenModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import type { EvaluationRequest, RequestOf, RequestResults } from './evaluation-request.js';

export interface RequestSettings {
  /** The most rows that go through the model at once; changes nothing but the time. Absent: as many as are fast. */
  readonly batchRows?: number;
}

/** A way to ask models: a file of the folder `requests`, its spec, and a line in `request-kinds.ts`. */
export interface RequestKind<Kind extends EvaluationRequest['kind'] = EvaluationRequest['kind']> {
  readonly kind: Kind;
  /**
   * One result for each request. What it gives a request depends on that request and the model alone (in float32, but for the last bits).
   * `onResult` hears each result as soon as it is there, so that nothing is lost when the work is broken off.
   */
  run(model: TokenModel, requests: readonly RequestOf<Kind>[], settings: RequestSettings, onResult: (index: number, result: RequestResults[Kind]) => void, context: WorkContext): Promise<void>;
}
