import type { FinishedSpan, JobProgress } from '@tunesmith/contracts';
import type { TraceCarrier } from '../telemetry/trace-carrier.js';
import type { WireError } from './wire-error.js';
import type { PredictedMemory } from './worker-module.js';

/** What the service tells a worker process. `id` numbers the calls of one worker. */
export type ToWorker =
  | { readonly type: 'predict'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly type: 'run'; readonly id: number; readonly name: string; readonly input: unknown; readonly trace: TraceCarrier | undefined }
  | { readonly type: 'abort'; readonly id: number; readonly reason: string }
  /** Within a conversation. */
  | { readonly type: 'message'; readonly id: number; readonly message: unknown }
  | { readonly type: 'exit' };

/** What a worker process tells the service. */
export type FromWorker =
  /** The module is loaded. */
  | { readonly type: 'ready' }
  /** The module could not be loaded. */
  | { readonly type: 'broken'; readonly error: WireError }
  | { readonly type: 'predicted'; readonly id: number; readonly memory: PredictedMemory; readonly cores: number | undefined }
  | { readonly type: 'started'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly type: 'message'; readonly id: number; readonly message: unknown }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'spans'; readonly spans: FinishedSpan[] };
