/**
 * The wrapper of Stanford Alpaca for an instruction without input, as LaMini-LM uses it for decoders in training and in inference (2304.14402,
 * section 4). Its words are part of the published format: models that were tuned on it know these and no others.
 */
export function alpacaPrompt(instruction: string): string {
  return `Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n${instruction}\n\n### Response:`;
}

/** Where an answer in the wrapper ends: a model that was never tuned goes on with an instruction of its own. */
export function endOfAlpacaAnswer(text: string): number {
  const next = text.indexOf('\n###');
  return next < 0 ? text.length : next;
}
