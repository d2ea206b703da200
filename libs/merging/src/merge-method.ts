import type { DType, Tensor } from '@tunesmith/tensor';
import type { MergeParameters } from './merge-parameters.js';

/**
 * What a method sees of one weight: contiguous tensors of one shape and one floating-point dtype. It never loads, saves, or knows about devices, and
 * it must not write into them. Where its arithmetic is mergekit's (0.1.5), it computes in the dtype of the tensors and in mergekit's order, so that
 * the results are equal; who wants float32 arithmetic gives float32 tensors.
 */
export interface MergeInput {
  /** The weight's published name in the result, for messages and for grouping weights by layer and module. */
  readonly name: string;
  /** Token embeddings and output heads have a row per token of the vocabulary. */
  readonly role: WeightRole;
  /** Whether the matrix lies [in, out] (GPT-2) instead of [out, in]. */
  readonly transposed: boolean;
  /** What differences are taken from; null for methods that take it as one of the models, and where an optional base was not given. */
  readonly base: Tensor | null;
  /** The same weight in each model that is merged, in the order of the request. */
  readonly models: readonly Tensor[];
  /** The low-rank update of this weight, in float32, where an adapter was given and targets it. */
  readonly update: LowRankUpdate | null;
  /** Where the random numbers of this weight start: `tensorSeed(seed of the request, name)`, so that neither order nor threads matter. */
  readonly seed: number;
  /** What `survey.conclude` said of this weight; null for methods without a survey, or where it is not needed. */
  readonly findings: readonly number[] | null;
  /** What the result is stored in, for methods whose last step is computed in a wider dtype than the tensors': rounded once, straight to it, as mergekit's is. Absent: the tensors' dtype. */
  readonly outDtype?: DType | undefined;
}

export type WeightRole = 'embedding' | 'head' | 'other';

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

/** How many models besides an apart base a method takes, and what the base of the request is to it. */
export interface TakesModels {
  readonly kind: 'models';
  /**
   * `required`: differences are taken from it, it is not one of `models` (also where the request lists it among them), and it has no parameters of
   * its own. `optional`: the same, and the method can do without. `member`: it is one of `models`, at its place in the request's list (mergekit puts
   * a base that is not listed last; our own form puts it first), and has parameters as they have.
   */
  readonly base: 'required' | 'optional' | 'member';
  readonly least: number;
  readonly most: number;
}

/** One parameter of a method. Names are mergekit's where it has the parameter. */
export interface MergeParameter {
  readonly description: string;
  /** One value for each model, or one for the whole weight. Both may differ from weight to weight (filters, gradients). */
  readonly per: 'model' | 'weight';
  readonly kind: 'number' | 'flag' | 'choice';
  /** Null and not required: may be left out, and the method does something else then. */
  readonly default: number | boolean | string | null;
  readonly required?: boolean;
  /** Of a number. */
  readonly least?: number;
  readonly most?: number;
  readonly integer?: boolean;
  /** Of a choice. */
  readonly choices?: readonly string[];
  /** An older name that is understood too. */
  readonly alias?: string;
}

/**
 * For methods that must have seen every weight before they merge the first: `measure` each (in any order, by any thread; numbers only, so that they
 * can be kept in a file), `conclude` once from all of them, and give each weight its numbers as `findings`.
 */
export interface MergeSurvey {
  /** Whether these parameters (of the whole request, without filters) need the first pass. */
  needed(parameters: MergeParameters): boolean;
  measure(input: MergeInput, parameters: MergeParameters): readonly number[];
  conclude(measured: ReadonlyMap<string, readonly number[]>, parameters: MergeParameters): ReadonlyMap<string, readonly number[]>;
}

/** One way to make one weight of many: a name, its paper, its parameters, and one pure function. */
export interface MergeMethod {
  readonly name: string;
  readonly title: string;
  /** Where the method is defined; null for plain arithmetic. */
  readonly paper: string | null;
  /** Whether it folds an adapter or merges whole models. */
  readonly takes: { readonly kind: 'adapter' } | TakesModels;
  /** Unknown names are refused. */
  readonly parameters: Readonly<Record<string, MergeParameter>>;
  /** Whether each element of the result depends on the same element of the models alone, so that large weights can be made in strips. */
  readonly elementwise?: boolean;
  /** Of such a method: whether what is not finite in a model is not finite in the result either, so that models are looked at only where a result is not finite. */
  readonly keepsNotFinite?: boolean;
  /** Whether the result depends on the seed. */
  readonly random?: boolean;
  readonly survey?: MergeSurvey;
  /** A new tensor (or one of the inputs, unchanged) of the models' shape, and of their dtype or `outDtype`. */
  merge(input: MergeInput, parameters: MergeParameters): Tensor;
}
