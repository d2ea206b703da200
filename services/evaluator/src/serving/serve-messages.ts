import type { JobError } from '@tunesmith/contracts';
import type { ServeAnswer, ServePiece, ServeRequest } from '@tunesmith/generation';
import type { FileAdapter } from '@tunesmith/quantization';

/** What a worker that serves a model is given. */
export type ServeInput =
  | { readonly kind: 'model'; readonly modelFolder: string; readonly adapterFolder?: string; readonly dtype: 'bfloat16' | 'float32' }
  | { readonly kind: 'file'; readonly path: string; readonly dtype?: 'bfloat16' | 'float32'; readonly adapter?: FileAdapter };

/** What it is told, by the number of the request. */
export type ToServer =
  | { readonly kind: 'ask'; readonly id: number; readonly request: ServeRequest }
  | { readonly kind: 'leave'; readonly id: number }
  /** No request follows: those under way are answered, then it ends. */
  | { readonly kind: 'end' };

/** What it tells. */
export type FromServer =
  | { readonly kind: 'piece'; readonly id: number; readonly piece: ServePiece }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ServeAnswer }
  | { readonly kind: 'error'; readonly id: number; readonly error: JobError };
