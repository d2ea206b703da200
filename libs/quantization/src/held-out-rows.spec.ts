import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heldOutRows } from './held-out-rows.js';
import { readTinyModel, temporaryFolder } from './testing/tiny-models.js';

const { folder: model } = readTinyModel('llama');
const { signal } = new AbortController();

async function read(contents: readonly string[], contextLength = 1e6, tag?: string) {
  await using folder = await temporaryFolder();
  const row = (content: string, split: string, tags: string[]) => ({
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content },
    ],
    split,
    tags,
  });
  const rows = [row('trained on', 'train', ['x']), ...contents.map((content, index) => row(content, 'validation', index % 2 ? ['odd'] : ['even']))];
  await writeFile(join(folder.path, 'rows.jsonl'), rows.map((value) => `${JSON.stringify(value)}\n`).join(''));
  return await heldOutRows(folder.path, await Tokenizer.fromFolder(model), (await ChatTemplate.fromFolder(model))!, { tag, contextLength, signal });
}

test('are validation rows only, those of the tag where one is given', async () => {
  expect(await read(['one', 'two', 'three'])).toHaveLength(3);
  expect(await read(['one', 'two', 'three'], 1e6, 'odd')).toHaveLength(1);
});

test('fit a budget, in the order of the dataset, and are at least one', async () => {
  const long = 'word '.repeat(2000);
  const kept = await read(['short', long, 'short', 'short']);
  expect(kept.map(({ index }) => index)).toEqual([0, 2, 3]);
  expect(await read([long])).toHaveLength(1);
});

test('are refused where they exceed what the model reads', async () => {
  await expect(read(['word '.repeat(100)], 50)).rejects.toMatchObject({ code: 'row-too-long' });
});
