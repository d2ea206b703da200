import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alpacaTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { conversationFormat } from './conversation-format.js';
import { ImportModelError } from './import-model-error.js';

/**
 * Gives a decoder without a chat template the Alpaca wrapper as one, so that training, serving and every export read conversations alike.
 *
 * @throws ImportModelError `import-template-present`: it has a way to read conversations, by a template or as an encoder-decoder; `import-no-end-token`.
 */
export async function addAlpacaTemplate(folder: string): Promise<void> {
  if (await conversationFormat(folder)) {
    throw new ImportModelError({ message: 'Expected a decoder without a chat template to give it the Alpaca wrapper; this model knows how to read conversations. Import it without --chat-template.', code: 'import-template-present', facts: { folder } });
  }
  const tokenizer = await Tokenizer.fromFolder(folder);
  if (tokenizer.specialTokens.eos_token === undefined) {
    throw new ImportModelError({ message: 'Expected the model to name its end token, which ends an answer in the Alpaca wrapper: give tokenizer_config.json an eos_token.', code: 'import-no-end-token', facts: { folder } });
  }
  const [first] = tokenizer.encode('a', { addSpecialTokens: true });
  await writeFile(join(folder, 'chat_template.jinja'), alpacaTemplate(tokenizer.bosTokenId !== undefined && first === tokenizer.bosTokenId));
}
