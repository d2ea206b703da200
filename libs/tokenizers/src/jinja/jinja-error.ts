/** What is wrong with a template, or with what it does; whoever runs it says which one. */
export class JinjaError extends Error {
  override readonly name = 'JinjaError';
}
