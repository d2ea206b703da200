import type { DType } from '@tunesmith/tensor';

export type MergeScalar = number | boolean | string;
export type MergeValue = MergeScalar | readonly MergeScalar[];
/** A value for tensors whose name contains `filter`; absent or `*`: for all. */
export interface ConditionalSetting {
  readonly value: MergeValue;
  readonly filter?: string | null | undefined;
}
/** A value, a gradient over the layers (a list of values), or values by tensor name, of which the first that fits counts. */
export type MergeSetting = MergeValue | ConditionalSetting | readonly ConditionalSetting[];
export type MergeSettings = Readonly<Record<string, MergeSetting>>;

/** A model that takes part, by its place in the request's lists of folders. */
export interface ConfiguredInput {
  readonly model: number;
  /** An adapter that is folded into it. */
  readonly adapter?: number | undefined;
  /** As the request wrote it. */
  readonly name: string;
}

export interface LayerSource {
  /** A place in `inputs`. */
  readonly input: number;
  /** From the first up to, and without, the second. */
  readonly layerRange: readonly [number, number];
  readonly parameters: MergeSettings;
}

/** Layers of the result that are made together: of as many layers of each source. */
export interface OutputSlice {
  readonly sources: readonly LayerSource[];
  readonly base?: number | undefined;
  readonly parameters: MergeSettings;
}

/** Where the embedding of a token comes from. */
export type TokenSource =
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'token'; readonly input: number; readonly token?: string | undefined; readonly tokenId?: number | undefined }
  | { readonly kind: 'zero' };

export interface TokenRule {
  readonly source?: TokenSource | undefined;
  /** Also for inputs that have the token. */
  readonly force: boolean;
}

export interface VocabularySettings {
  readonly source: 'union' | 'base' | number;
  readonly tokens: Readonly<Record<string, TokenRule>>;
  readonly padToMultipleOf?: number | undefined;
}

/** What a merge is to do, in mergekit's terms (its config.py, version 0.1.5): either `models`, whole, or `slices` of layers. */
export interface MergeConfiguration {
  readonly inputs: readonly ConfiguredInput[];
  readonly method: string;
  readonly base?: number | undefined;
  readonly models?: readonly { readonly input: number; readonly parameters: MergeSettings }[] | undefined;
  readonly slices?: readonly OutputSlice[] | undefined;
  readonly parameters: MergeSettings;
  /** What weights are turned into before they are merged; absent: what the types of all of them promote to. */
  readonly dtype?: DType | undefined;
  /** What they are stored in; absent: what they were merged in. */
  readonly outDtype?: DType | undefined;
  readonly tokenizer?: VocabularySettings | undefined;
  /** `auto`, the name of a built-in template, or the template itself. */
  readonly chatTemplate?: string | undefined;
}
