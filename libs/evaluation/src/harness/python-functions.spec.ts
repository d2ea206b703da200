import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { loadYaml } from './load-yaml.js';
import { PythonFunction } from './task-config.js';

const utils = `import re

def samples():
    return [
        {"q": 'one', "a": (1, 2.5), "last": True},
        {"q": "two\\n", "a": None,},
    ]


def typed() -> str:
    return "text"

def of(doc):
    return "x"

def made():
    return re.sub("a", "b", "c")

def pass_at_k(references, predictions, k):
    return 1
`;

async function loaded(yaml: string, confinedTo?: string): Promise<Record<string, unknown>> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'utils.py'), utils);
  await writeFile(join(folder.path, 'task.yaml'), yaml);
  return loadYaml(join(folder.path, 'task.yaml'), confinedTo === undefined ? undefined : join(folder.path, confinedTo));
}

test('what a function returns as it is written needs no Python', async () => {
  const fields = await loaded('fewshot_config: {samples: !function utils.samples}\ntext: !function utils.typed\n');
  expect(fields).toEqual({ fewshot_config: { samples: [{ q: 'one', a: [1, 2.5], last: true }, { q: 'two\n', a: null }] }, text: 'text' });
});

test.each(['utils.of', 'utils.made', 'utils.absent', 'elsewhere.samples', '../utils.samples', 'samples'])('%s stays: it is Python', async (name) => {
  expect(await loaded(`doc_to_text: !function ${name}\n`)).toEqual({ doc_to_text: new PythonFunction(name) });
});

test('a file of the same name that is not the published one is not taken for it', async () => {
  const fields = await loaded('metric_list: [{metric: !function utils.pass_at_k, k: [1]}]\nfilter_list: [{name: x, filter: [{function: custom, filter_fn: !function utils.build_predictions}]}]\n');
  expect(fields['metric_list']).toEqual([{ metric: new PythonFunction('utils.pass_at_k'), k: [1] }]);
  expect(fields['filter_list']).toEqual([{ name: 'x', filter: [{ function: 'custom', filter_fn: new PythonFunction('utils.build_predictions') }] }]);
});
