import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawModel } from '../testing/draw-model.js';
import { temporaryFolder } from '../testing/tiny-models.js';
import { openSourceModel } from './source-model.js';

test('of several chat templates the files get the one named default', async () => {
  await using folder = await temporaryFolder();
  const config = { architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_positions: 16, n_embd: 16, n_layer: 1, n_head: 1 };
  const path = await drawModel(join(folder.path, 'model'), config);
  await rm(join(path, 'chat_template.jinja'), { force: true });
  const file = join(path, 'tokenizer_config.json');
  const tokenizerConfig = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const write = (chat_template: unknown) => writeFile(file, JSON.stringify({ ...tokenizerConfig, chat_template }));
  await write([
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'plain' },
  ]);
  await using model = await openSourceModel(path);
  expect(model.chatTemplate).toBe('plain');
  await write([{ name: 'rag', template: 'documents' }]);
  await expect(openSourceModel(path)).rejects.toMatchObject({ code: 'chat-template-unnamed' });
});
