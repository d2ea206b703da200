import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { alpacaPrompt, Tokenizer } from '@tunesmith/tokenizers';
import { addAlpacaTemplate } from './add-alpaca-template.js';
import { conversationFormat } from './conversation-format.js';

test('a decoder without a template reads conversations in the Alpaca wrapper; one with a template keeps it', async () => {
  await using folder = await temporaryFolder('alpaca');
  await writeTinyModel(folder.path);
  await expect(addAlpacaTemplate(folder.path)).rejects.toMatchObject({ code: 'import-template-present' });
  await rm(join(folder.path, 'chat_template.jinja'));
  await writeFile(join(folder.path, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|im_start|>' }));
  await expect(addAlpacaTemplate(folder.path)).rejects.toMatchObject({ code: 'import-no-end-token' });
  await writeFile(join(folder.path, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|im_start|>', eos_token: '<|im_end|>' }));
  expect(await conversationFormat(folder.path)).toBeUndefined();
  await addAlpacaTemplate(folder.path);
  const [format, tokenizer] = [(await conversationFormat(folder.path))!, await Tokenizer.fromFolder(folder.path)];
  expect(tokenizer.decode(format.encodePrompt(tokenizer, [{ role: 'user', content: 'Hello?' }]).tokenIds)).toBe(alpacaPrompt('Hello?'));
  const { tokenIds, lossMask } = format.encodeForTraining(tokenizer, [{ role: 'user', content: 'Hello?' }, { role: 'assistant', content: 'Hi.' }]);
  expect(tokenizer.decode(tokenIds.filter((_, place) => lossMask[place]))).toBe('Hi.<|im_end|>');
});
