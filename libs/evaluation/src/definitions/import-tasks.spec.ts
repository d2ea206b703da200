import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { parquetWriteFile } from 'hyparquet-writer';
import { temporaryFolder } from '@tunesmith/tests-support';
import { importTasks, type ImportTasksOptions } from './import-tasks.js';
import { readDefinitions, readSplit } from './task-definitions.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

describe('importTasks', () => {
  let home: AsyncDisposable & { path: string };
  let count = 0;
  const environment = { ...process.env };
  beforeAll(async () => void (home = await temporaryFolder()));
  afterAll(() => home[Symbol.asyncDispose]());
  beforeEach(() => void (process.env['HF_HUB_OFFLINE'] = '1'));
  afterEach(() => void (process.env = { ...environment }));

  async function folder(files: Record<string, string>): Promise<string> {
    const path = join(home.path, `given-${(count += 1)}`);
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    }
    return path;
  }
  async function imported(options: Omit<ImportTasksOptions, 'hubCache'>): Promise<string> {
    const out = join(home.path, `out-${(count += 1)}`);
    await importTasks({ ...options, hubCache: join(home.path, 'hub') }, out, context);
    return out;
  }
  const rows = (...documents: object[]) => documents.map((each) => JSON.stringify(each)).join('\n');
  const qa = 'task: qa\ndataset_path: json\ndataset_kwargs: {data_files: {test: docs.jsonl}}\ntest_split: test\ndoc_to_text: q\ndoc_to_target: a\n';

  test('a task with its includes and documents needs nothing else, and is the same bytes each time', async () => {
    const given = await folder({
      'base.yaml': 'dataset_path: json\ntest_split: test\noutput_type: multiple_choice\ndoc_to_text: !function code.text\ndoc_to_choice: ["no", "yes"]\n',
      'qa.yaml': 'include: base.yaml\ntask: qa\ndataset_kwargs: {data_files: {test: docs.jsonl, train: more/docs.csv}}\ntraining_split: train\ndoc_to_text: "{{q}}"\ndoc_to_target: a\n',
      'docs.jsonl': rows({ q: 'Is it?', a: 1 }, { q: 'Was it?', a: 0, note: 'x' }),
      'more/docs.csv': 'q,a\nWill it?,1\n"Would, it?",0\n',
    });
    const out = await imported({ tasks: [join(given, 'qa.yaml')] });
    const { tasks, groups } = await readDefinitions(out);
    expect(groups).toEqual([]);
    expect(tasks).toMatchObject([{ config: { task: 'qa', doc_to_text: '{{q}}', doc_to_choice: ['no', 'yes'], target_delimiter: ' ' } }]);
    expect(await readSplit(out, tasks[0]!, 'test')).toEqual([{ q: 'Is it?', a: 1, note: null }, { q: 'Was it?', a: 0, note: 'x' }]);
    expect(await readSplit(out, tasks[0]!, 'train')).toEqual([{ q: 'Will it?', a: 1 }, { q: 'Would, it?', a: 0 }]);
    const again = await imported({ tasks: ['qa.yaml'], folder: given, confined: true });
    expect(await readFile(join(again, 'tasks.json'), 'utf8')).toBe(await readFile(join(out, 'tasks.json'), 'utf8'));
  });

  test('reads Parquet, JSON with the list in a field, objects by their ids, and files of the data folder by their names', async () => {
    const data = await folder({ 'sums.json': JSON.stringify({ first: { q: '1+1', a: '2' }, second: { q: '2+2', a: '4' } }), 'capitals.train12.jsonl': rows({ q: 'x', a: 'y' }), 'deep.json': JSON.stringify({ data: [{ q: 'in', a: 'out' }] }) });
    parquetWriteFile({ filename: join(data, 'capitals.test.parquet'), columnData: [{ name: 'q', data: ['France'] }, { name: 'a', data: [7n], type: 'INT64' }] });
    const task = (name: string, more = '') => `task: ${name}\ndataset_path: org/${name}\ntest_split: test\ndoc_to_text: q\ndoc_to_target: a\n${more}`;
    const given = await folder({ 'sums.yaml': task('sums'), 'capitals.yaml': task('capitals', 'training_split: train\n'), 'deep.yaml': task('deep', 'dataset_kwargs: {field: data}\n'), 'all.yaml': 'group: all\ntask: [sums, capitals, deep]\naggregate_metric_list: [{metric: exact_match}]\n' });
    const out = await imported({ tasks: [join(given, 'all.yaml')], data });
    const { tasks, groups } = await readDefinitions(out);
    expect(groups).toMatchObject([{ name: 'all', tasks: ['sums', 'capitals', 'deep'], metrics: [{ metric: 'exact_match', weight_by_size: true }] }]);
    expect(await Promise.all(tasks.map((each) => readSplit(out, each, 'test')))).toEqual([[{ id: 'first', q: '1+1', a: '2' }, { id: 'second', q: '2+2', a: '4' }], [{ q: 'France', a: 7 }], [{ q: 'in', a: 'out' }]]);
    expect(await readSplit(out, tasks[1]!, 'train')).toEqual([{ q: 'x', a: 'y' }]);
  });

  test('the short form, tags, a list of tasks in one file, inline tasks of a group', async () => {
    const include = await folder({
      'own.yaml': 'name: own\ndata: {test: docs.jsonl, examples: docs.jsonl}\nquestion: "{{q}}"\nchoices: [a, b]\nanswer: "{{a}}"\nshots: 1\nmetrics: [acc]\ntag: mine\n',
      'many.yaml': `${qa.replace('task: qa\n', '')}tag: mine\ntask_list: [{task: one}, {task: two, doc_to_text: "Q: {{q}}"}]\n`,
      'group.yaml': `group: both\nnum_fewshot: 2\ntask:\n  - one\n  - group: inner\n    task: [{task: two, num_fewshot: 3}]\n  - {task: three, ${qa.split('\n').slice(1, -1).join(', ')}}\naggregate_metric_list: {metric: exact_match}\n`,
      'docs.jsonl': rows({ q: 'x', a: 'a' }),
    });
    const mine = await readDefinitions(await imported({ tasks: ['mine'], include }));
    expect(mine.tasks.map(({ config }) => config.task)).toEqual(['one', 'own', 'two']);
    expect(mine.tasks[1]!.config).toMatchObject({ output_type: 'multiple_choice', fewshot_config: { sampler: 'first_n' }, num_fewshot: 1 });
    const both = await readDefinitions(await imported({ tasks: ['both'], include }));
    expect(both.tasks.map(({ config }) => [config.task, config.num_fewshot])).toEqual([['one', 2], ['two', 3], ['both::three', 2]]);
    expect(both.groups.map(({ name, tasks }) => [name, tasks])).toEqual([['both::inner', ['two']], ['both', ['one', 'two', 'both::three']]]);
  });

  test('reads what PyYAML reads: quotes and brackets that go on at the margin, keys given twice', async () => {
    const given = await folder({
      'qa.yaml': `${qa}description: "one \\"two\\"\n\nthree\n  four"\nmetadata: {a: 'it''s\nso', b: [1,\n2]}\nmetric_list:\n  - metric: exact_match\n    regexes_to_ignore: ['x\n"y']\ntask_alias: first\ntask_alias: last\n`,
      'docs.jsonl': rows({ q: 'x', a: 'y' }),
    });
    const { tasks } = await readDefinitions(await imported({ tasks: [join(given, 'qa.yaml')] }));
    expect(tasks[0]!.config).toMatchObject({ description: 'one "two"\nthree four', task_alias: 'last', metric_list: [{ regexes_to_ignore: ['x "y'] }] });
  });

  test('words that only YAML 1.1 takes for truth values, numbers and dates are texts, as in PyYAML', async () => {
    const given = await folder({ 'e05.yaml': qa.replace('task: qa', 'task: e05').replace('doc_to_target: a', 'doc_to_target: 0\noutput_type: multiple_choice\ndoc_to_choice: [y, n, 1e3, 2024-01-01, e1]\nnum_fewshot: 010\nrepeats: 0x2\nunsafe_code: off\ngeneration_kwargs: {temperature: 1.5e+0, max_gen_toks: 1:30}'), 'docs.jsonl': rows({ q: 'x', a: 'y' }) });
    const { tasks } = await readDefinitions(await imported({ tasks: [join(given, 'e05.yaml')] }));
    expect(tasks[0]!.config).toMatchObject({ task: 'e05', doc_to_choice: ['y', 'n', '1e3', '2024-01-01', 'e1'], num_fewshot: 8, repeats: 2, unsafe_code: false, generation_kwargs: { temperature: 1.5, max_gen_toks: 90 } });
  });

  test('a folder with files that cannot be read serves the others; of tasks with one name the first counts', async () => {
    const include = await folder({ 'a.yaml': qa, 'b.yaml': qa.replace('doc_to_text: q', 'doc_to_text: other'), 'c.yaml': 'task: broken\ntag: mine\nx: "open\n', 'd.yaml': `${qa.replace('task: qa', 'task: third')}tag: mine\n`, 'e.yaml': '- a list\n', 'docs.jsonl': rows({ q: 'x', a: 'y' }) });
    const { tasks } = await readDefinitions(await imported({ tasks: ['qa'], include }));
    expect(tasks[0]!.config.doc_to_text).toBe('q');
    await expect(imported({ tasks: ['broken'], include })).rejects.toMatchObject({ code: 'task-unknown', message: expect.stringMatching(/2 of the files in the folders could not be read: .*c\.yaml is not valid YAML.*e\.yaml: expected the fields/s) });
    // Not the tag without one of its tasks.
    await expect(imported({ tasks: ['mine'], include })).rejects.toMatchObject({ code: 'task-yaml-invalid', message: expect.stringContaining('c.yaml') });
  });

  test.each([
    ['qa.yaml', { 'qa.yaml': qa.replace('doc_to_target: a\n', '') }, 'task-field-missing', 'doc_to_target'],
    ['qa.yaml', { 'qa.yaml': qa.replace('doc_to_text: q', 'doc_to_text: !function utils.text') }, 'task-function', 'doc_to_text is "!function utils.text"'],
    ['qa.yaml', { 'qa.yaml': `${qa}process_docs: !function utils.docs\n` }, 'task-function', 'process_docs'],
    ['qa.yaml', { 'qa.yaml': `${qa}doc_to_image: picture\n` }, 'task-field-refused', 'Only text'],
    ['qa.yaml', { 'qa.yaml': `${qa}colour: red\n` }, 'task-invalid', 'Unrecognized key: "colour" (known are task,'],
    ['qa.yaml', { 'qa.yaml': `${qa}description: *nowhere\n` }, 'task-yaml-invalid', 'Unresolved alias'],
    ['qa.yaml', { 'qa.yaml': `${qa}description: "open\n` }, 'task-yaml-invalid', 'Missing closing'],
    ['own.yaml', { 'own.yaml': 'name: own\ndata: docs.jsonl\nanswer: a\nanswer: b\n' }, 'task-yaml-invalid', 'must be unique'],
    ['qa.yaml', { 'qa.yaml': `include: qa.yaml\n${qa}` }, 'task-include-cycle', 'includes itself'],
    ['qa.yaml', { 'qa.yaml': qa }, 'documents-missing', 'there is no file'],
    ['qa.yaml', { 'qa.yaml': qa.replace('{test: docs.jsonl}', 'docs.jsonl') }, 'documents-missing', 'names no split, which makes its files the split "train"; write data_files: {test: "docs.jsonl"}'],
    ['qa.yaml', { 'qa.yaml': qa.replace('{test:', '{dev:') }, 'documents-missing', 'has the splits dev'],
    ['qa.yaml', { 'qa.yaml': qa, 'docs.jsonl': '{"q": 1}\n{broken\n' }, 'documents-unreadable', 'line 2'],
    ['qa.yaml', { 'qa.yaml': qa.replace('docs.jsonl', '../../etc/passwd.txt') }, 'documents-outside', 'not part of what was sent'],
    ['qa.yaml', { 'qa.yaml': 'just text' }, 'task-yaml-invalid', 'expected the fields'],
    ['qa.yaml', { 'qa.yaml': 'dataset_path: json\n' }, 'task-invalid', 'it has neither'],
    ['absent.yaml', {}, 'task-file-unreadable', 'absent.yaml'],
    ['../qa.yaml', {}, 'documents-outside', '../qa.yaml'],
    ['unheard-of', {}, 'task-unknown', 'Known: '],
    ['hub.yaml', { 'hub.yaml': qa.replace('dataset_path: json\ndataset_kwargs: {data_files: {test: docs.jsonl}}', 'dataset_path: org/name') }, 'documents-missing', 'no data folder was given'],
  ])('%s of %j is refused: %s', async (task, files, code, reason) => {
    const given = await folder({ '.keep': '', ...files });
    await expect(imported({ tasks: [task], folder: given, confined: true })).rejects.toMatchObject({ code, message: expect.stringContaining(reason) });
  });

  test('a published dataset is fetched from the hub once', async () => {
    const source = await folder({ '.keep': '' });
    const parquet = join(source, '0.parquet');
    parquetWriteFile({ filename: parquet, columnData: [{ name: 'q', data: ['hub'] }, { name: 'a', data: ['yes'] }] });
    const asked: string[] = [];
    const server = createServer(async (request, answer) => {
      asked.push(request.url!);
      if (request.url === '/api/datasets/org/name/parquet') answer.end(JSON.stringify({ main: { test: ['/files/0.parquet'] } }));
      else if (request.url === '/files/0.parquet') answer.end(await readFile(parquet));
      else answer.writeHead(404).end();
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    delete process.env['HF_HUB_OFFLINE'];
    process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const given = await folder({ 'hub.yaml': qa.replace('dataset_path: json\ndataset_kwargs: {data_files: {test: docs.jsonl}}', 'dataset_path: org/name\ndataset_name: main') });
      for (let round = 0; round < 2; round += 1) {
        const out = await imported({ tasks: [join(given, 'hub.yaml')] });
        expect(await readSplit(out, (await readDefinitions(out)).tasks[0]!, 'test')).toEqual([{ q: 'hub', a: 'yes' }]);
      }
      expect(asked.filter((url) => url.startsWith('/files'))).toHaveLength(1);
      await writeFile(join(given, 'hub.yaml'), (await readFile(join(given, 'hub.yaml'), 'utf8')).replace('main', 'other'));
      await expect(imported({ tasks: [join(given, 'hub.yaml')] })).rejects.toMatchObject({ code: 'documents-missing', message: expect.stringContaining('configurations main') });
    } finally {
      server.close();
    }
  });
});
