/** The model whose tokens are counted, where one is. */
export interface CountedModel {
  readonly modelFolder?: string | undefined;
  readonly modelDigest?: string | undefined;
}
