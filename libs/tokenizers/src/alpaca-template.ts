/** Before the first instruction. */
const beginning = 'Below is an instruction that describes a task. Write a response that appropriately completes the request.';

/**
 * The wrapper of Stanford Alpaca for an instruction without input, as LaMini-LM uses it for decoders in training and in inference (2304.14402, section 4). Its words are
 * part of the published format: models that were tuned on it know these and no others.
 */
export function alpacaPrompt(instruction: string): string {
  return `${beginning}\n\n### Instruction:\n${instruction}\n\n### Response:`;
}

/** Where an answer in the wrapper ends: a model that was never tuned goes on with an instruction of its own. */
export function endOfAlpacaAnswer(text: string): number {
  const next = text.indexOf('\n###');
  return next < 0 ? text.length : next;
}

/**
 * The wrapper as a chat template, for decoders that have none: what a system message says stands before the first instruction, an answer ends with the end token, and
 * further questions are further instructions. `withBos`: the tokenizer begins texts with its beginning token, so the template has to write it.
 */
export function alpacaTemplate(withBos: boolean): string {
  return [
    withBos ? '{{ bos_token }}' : '',
    beginning,
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '\\n\\n### Instruction:\\n' }}",
    "{% if loop.index0 == 1 and messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\\n\\n' }}{% endif %}",
    "{{ message['content'] + '\\n\\n### Response:' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}",
  ].join('');
}
