/** What published models call the linear that makes logits: `embed_out` is GPT-NeoX's. */
const names: readonly string[] = ['lm_head', 'embed_out'];

/** Whether a linear of this path is the output head, whose weight the loss and the sampler read directly. */
export function isOutputHead(path: string): boolean {
  return names.includes(path);
}
