import { ChatTemplate } from '@tunesmith/tokenizers';
import type { InputModel } from './input-model.js';
import { builtInTemplates } from './built-in-templates.js';
import { MergeError } from './merge-error.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The chat template that a request asks for: `auto` is what most of the models have, a plain name one of ours, anything else the template itself.
 *
 * @throws MergeError `merge-chat-template-missing`, `merge-chat-template-unknown`, `merge-chat-template-invalid`
 */
export async function chooseChatTemplate(wanted: string, inputs: readonly InputModel[]): Promise<string> {
  if (wanted === 'auto') {
    const counts = new Map<string, number>();
    for (const { folder } of inputs) {
      const template = (await chatTemplateOf(folder.path))?.trim();
      if (template) counts.set(template, (counts.get(template) ?? 0) + 1);
    }
    const [most] = [...counts].toSorted(([, one], [, other]) => other - one);
    if (most) return most[0];
    throw new MergeError('merge-chat-template-missing', `merge: chat_template is auto: expected a model with a chat template among ${inputs.map(({ name }) => name).join(', ')}; none has one. Give a template, or the name of one: ${[...builtInTemplates.keys()].join(', ')}.`, {});
  }
  const known = builtInTemplates.get(wanted);
  if (known !== undefined) return known;
  if (wanted.includes('{')) return readable(wanted);
  throw new MergeError('merge-chat-template-unknown', `merge: chat_template: expected auto, one of ${[...builtInTemplates.keys()].join(', ')}, or a Jinja template; got "${wanted.slice(0, 60)}"`, { known: [...builtInTemplates.keys()] });
}

/** The template, if it is one. */
function readable(template: string): string {
  try {
    return new ChatTemplate(template).source;
  } catch (cause) {
    throw new MergeError('merge-chat-template-invalid', `merge: chat_template: expected a Jinja template; got one that cannot be read. ${cause instanceof Error ? cause.message : String(cause)}`, {});
  }
}

/** A folder's template: chat_template.jinja, else what tokenizer_config.json has, its default where it has several. */
export async function chatTemplateOf(folder: string): Promise<string | undefined> {
  const read = (name: string): Promise<string | undefined> => readFile(join(folder, name), 'utf8').catch(() => undefined);
  const file = await read('chat_template.jinja');
  if (file !== undefined) return file;
  const config = JSON.parse((await read('tokenizer_config.json')) ?? '{}') as { chat_template?: unknown };
  const template = config.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  return (template as { name?: string; template?: string }[]).find(({ name }) => name === 'default')?.template;
}
