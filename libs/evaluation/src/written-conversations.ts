import { chatMessage, type Message } from '@tunesmith/datasets';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { EvaluationError } from './evaluation-error.js';

/** A conversation as text, and where the assistant speaks in it, in characters as Unicode counts them. */
export interface WrittenConversation {
  readonly text: string;
  readonly said: readonly { readonly start: number; readonly end: number }[];
}

/** Writes conversations as a model reads them, for servers that say of texts alone how likely they are. */
export class WrittenConversations {
  private constructor(private readonly tokenizer: Tokenizer, private readonly template: ChatTemplate) {}

  /** By the chat template and the tokenizer of a model folder. @throws EvaluationError `no-chat-template` */
  static async fromFolder(folder: string): Promise<WrittenConversations> {
    const template = await ChatTemplate.fromFolder(folder);
    if (template) return new WrittenConversations(await Tokenizer.fromFolder(folder), template);
    throw new EvaluationError({ message: `${folder} has no chat template, so it says nothing of how a server's model reads conversations. Give a model tuned for chat with --template.`, code: 'no-chat-template', facts: { folder } });
  }

  write(messages: readonly Message[]): WrittenConversation {
    const pieces = this.template.weighedTexts(this.tokenizer, messages.map(chatMessage));
    // Servers add the first token themselves where the tokenizer does.
    const first = this.addedFirst();
    if (first !== '' && pieces[0]?.text.startsWith(first)) pieces[0] = { ...pieces[0], text: pieces[0].text.slice(first.length) };
    const said: { start: number; end: number }[] = [];
    let at = 0;
    for (const { text, weight } of pieces) {
      const start = at;
      at += [...text].length;
      if (weight > 0) said.push({ start, end: at });
    }
    return { text: pieces.map(({ text }) => text).join(''), said };
  }

  private addedFirst(): string {
    const { bosTokenId } = this.tokenizer;
    return bosTokenId !== undefined && this.tokenizer.encode('a', { addSpecialTokens: true })[0] === bosTokenId ? this.tokenizer.tokenText(bosTokenId) : '';
  }
}
