import { ChatTemplateError, type ChatMessage } from '@tunesmith/tokenizers';
import type { TeacherPrompt } from './teacher.js';

/** A prompt as a chat template takes it. Some (Gemma's) know no system message: what it says then stands before the question. */
export function withSystemMessage<Rendered>({ system, user }: TeacherPrompt, render: (messages: readonly ChatMessage[]) => Rendered): Rendered {
  if (system === undefined) return render([{ role: 'user', content: user }]);
  try {
    return render([{ role: 'system', content: system }, { role: 'user', content: user }]);
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    return render([{ role: 'user', content: asOneText({ system, user }) }]);
  }
}

/** A prompt for what reads one text alone. */
export function asOneText({ system, user }: Pick<TeacherPrompt, 'system' | 'user'>): string {
  return system === undefined ? user : `${system}\n\n${user}`;
}
