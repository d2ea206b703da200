/** The tokens of examples together. */
export function tokensOf(examples: readonly { readonly tokens: number }[]): number {
  return examples.reduce((sum, { tokens }) => sum + tokens, 0);
}
