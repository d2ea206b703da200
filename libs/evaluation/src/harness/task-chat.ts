import { ChatTemplateError, type ChatMessage, type ChatTemplate, type ChatTool } from '@tunesmith/tokenizers';

/** How prompts are written as conversations. */
export interface TaskChat {
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string;
  /** Undefined where the template says nothing of the tools. Absent: it knows none. */
  renderWithTools?(messages: readonly ChatMessage[], addGenerationPrompt: boolean, tools: readonly ChatTool[]): string | undefined;
}

export function taskChat(template: Pick<ChatTemplate, 'render' | 'renderWithTools'>): TaskChat {
  return {
    render: (messages, addGenerationPrompt) => opened(template.render(messages, { addGenerationPrompt }), messages, addGenerationPrompt),
    renderWithTools(messages, addGenerationPrompt, tools) {
      try {
        return opened(template.renderWithTools(messages, { addGenerationPrompt, tools }), messages, addGenerationPrompt);
      } catch (error) {
        if (error instanceof ChatTemplateError && error.code === 'tools-not-rendered') return undefined;
        throw error;
      }
    },
  };
}

/** A conversation whose last turn is the beginning of an answer ends with that, and not with the end of the turn. */
function opened(text: string, messages: readonly ChatMessage[], addGenerationPrompt: boolean): string {
  if (addGenerationPrompt) return text;
  const begun = messages.at(-1)!.content;
  return text.slice(0, text.lastIndexOf(begun) + begun.length);
}
