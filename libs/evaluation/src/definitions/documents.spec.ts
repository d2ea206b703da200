import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { TaskTemplate } from '@tunesmith/tokenizers';
import { temporaryFolder } from '@tunesmith/tests-support';
import { readDocuments } from './documents.js';

describe('numbers of documents are what the datasets library of Hugging Face makes of them', () => {
  let folder: AsyncDisposable & { path: string };
  beforeAll(async () => void (folder = await temporaryFolder()));
  afterAll(() => folder[Symbol.asyncDispose]());

  async function shown(name: string, content: string, template: string, field?: string): Promise<string[]> {
    const path = join(folder.path, name);
    if (content !== '') await writeFile(path, content);
    return (await readDocuments(path, field)).map((document) => new TaskTemplate(template).render(document));
  }

  test('JSON lines: 5.0 is a float, and so is 1 beside 2.5, in lists and objects too; large whole numbers stay exact', async () => {
    const lines = ['{"a": 1, "f": 5.0, "c": [1, 2], "h": [{"k": 1}, {"k": 2.5}], "i": 12345678901234567, "e": 1e20}', '{"a": 2.5, "f": 3, "c": [1.5], "h": [], "i": 1, "e": 1}'].join('\n');
    expect(await shown('a.jsonl', lines, '{{a}} {{f}} {{c}} {{h}} {{i}} {{e}}')).toEqual(["1.0 5.0 [1.0, 2.0] [{'k': 1.0}, {'k': 2.5}] 12345678901234567 1e+20", '2.5 3.0 [1.5] [] 1 1.0']);
  });

  test('JSON: a list as lines; under a field a column of whole floats is one of whole numbers; texts are documents too', async () => {
    const list = '[{"a": 1, "x": 5.0, "z": 5.0, "l": [1.0]}, {"a": 2.5, "x": 4, "z": 6.0, "l": [2.0]}]';
    expect(await shown('a.json', list, '{{a}} {{x}} {{z}} {{l}}')).toEqual(['1.0 5.0 5.0 [1.0]', '2.5 4.0 6.0 [2.0]']);
    expect(await shown('b.json', `{"data": ${list}}`, '{{a}} {{x}} {{z}} {{l}}', 'data')).toEqual(['1.0 5 5 [1.0]', '2.5 4 6 [2.0]']);
    expect(await shown('c.json', '["one", "two"]', '{{text}}')).toEqual(['one', 'two']);
  });

  test('tables: a column of numbers of which one is missing, or has a point, is one of floats', async () => {
    expect(await shown('a.csv', 'q,n,m,b,z\nx,1,1,True,007\ny,,2.5,False,1\n', '{{n}} {{m}} {{b}} {{z}}')).toEqual(['1.0 1.0 True 7', 'None 2.5 False 1']);
  });

  test('Parquet: floats by the type of the column', async () => {
    parquetWriteFile({ filename: join(folder.path, 'a.parquet'), columnData: [{ name: 'd', data: [1, 2], type: 'DOUBLE' }, { name: 'i', data: [1, 2], type: 'INT32' }, { name: 'l', data: [[1, 2], []], type: 'JSON' }] });
    expect(await shown('a.parquet', '', '{{d}} {{i}} {{l}}')).toEqual(['1.0 1 [1, 2]', '2.0 2 []']);
  });
});
