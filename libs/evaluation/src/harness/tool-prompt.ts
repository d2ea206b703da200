import type { ChatTool } from '@tunesmith/tokenizers';

/** What a model whose chat template knows no tools is told of them, as a system message, or before the question where it has no template at all. */
export function toolPrompt(tools: readonly ChatTool[]): string {
  return [
    'These functions can be called; each line describes one, its parameters as JSON Schema:',
    ...tools.map(({ function: described }) => JSON.stringify(described)),
    '',
    'Answer with the calls that the question needs and nothing else, as one list:',
    '[first_name(parameter="text", other=1), second_name(parameter=[1, 2])]',
    'Leave out parameters that are not required and that the question says nothing about. Where no function fits, or something required is not given, say so in words and call nothing.',
  ].join('\n');
}
