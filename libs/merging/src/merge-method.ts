import type { Tensor } from '@tunesmith/tensor';
import type { MergeParameters } from './merge-parameters.js';

/** What a method sees of one weight: float32 tensors of one shape. It never loads, saves, or knows about devices. */
export interface MergeInput {
  /** The weight's published name, for per-tensor rules. */
  readonly name: string;
  readonly base: Tensor;
  /** The same weight in each further model, in the order of the request. */
  readonly models: readonly Tensor[];
  /** The low-rank update of this weight, where an adapter was given and targets it. */
  readonly update: LowRankUpdate | null;
}

/** scaling * b @ a, as PEFT stores it. */
export interface LowRankUpdate {
  /** [rank, in] */
  readonly a: Tensor;
  /** [out, rank] */
  readonly b: Tensor;
  readonly scaling: number;
  /** Of a DoRA adapter: what each output's weights are as long as, [out, 1], or [1, out] where the base lies transposed. */
  readonly magnitude?: Tensor;
}

/** One way to make one weight of many: a name, its paper, its parameters, and one pure function. */
export interface MergeMethod {
  readonly name: string;
  readonly title: string;
  /** Where the method is defined; null for plain arithmetic. */
  readonly paper: string | null;
  /** Whether it folds an adapter or merges whole models, and how many models besides the base it takes. */
  readonly takes: { readonly kind: 'adapter' } | { readonly kind: 'models'; readonly least: number; readonly most: number };
  /** Parameters with their defaults; unknown names are refused. */
  readonly parameters: Readonly<Record<string, { readonly description: string; readonly default: number | readonly number[] | null }>>;
  /** float32, of the base's shape. */
  merge(input: MergeInput, parameters: MergeParameters): Tensor;
}
