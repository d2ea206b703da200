import { meanOfValues } from '../aggregations/means.js';
import type { ItemScore, PlannedTask } from '../planned-task.js';
import { taskComparisons, taskMetrics } from '../task-metrics.js';
import { domainScores } from './domain-scores.js';
import type { EvaluationResults, TaskResult } from './evaluation-results.js';
import { htmlReport } from './html-report.js';
import { itemPages } from './item-pages.js';
import { markdownReport } from './markdown-report.js';
import { resultsJson } from './results-json.js';
import { sampleLines } from './sample-lines.js';

const hostile = '</pre></details><script>alert(1)</script><img src=x onerror="alert(2)"> \' " & ]]> </title><svg onload=alert(3)>\u0000';

interface ItemCase { readonly prompt: string; readonly right: boolean; readonly other?: boolean; readonly domain?: string; readonly choices?: readonly string[]; readonly target?: unknown; readonly prediction?: unknown; readonly notes?: Record<string, unknown> }

function resultOf(name: string, cases: readonly ItemCase[], about: Record<string, unknown> = {}, remarks: readonly string[] = []): TaskResult {
  const task: PlannedTask = {
    name, about,
    items: cases.map(({ prompt, domain, choices, target = 0 }, index) => ({ index, prompt, target, requests: [], ...(domain !== undefined && { domain }), ...(choices && { choices }) })),
    score: () => { throw new Error('nothing is scored here'); },
    columns: (all) => [{ name: 'acc', values: all.map(({ metrics }) => metrics['acc']), aggregation: meanOfValues }],
  };
  const scoreOf = (right: boolean, { choices, prediction = 0, notes }: ItemCase): ItemScore => ({ prediction, logProbs: choices ? choices.map((_, place) => -place - 0.5) : [-0.25, -1], metrics: { acc: right ? 1 : 0 }, ...(notes && { notes }) });
  const scores = cases.map((each) => scoreOf(each.right, each));
  const scored = { task, scores, ...(cases[0]!.other !== undefined && { against: cases.map((each) => scoreOf(each.other!, each)) }) };
  return { ...scored, name, items: cases.length, metrics: taskMetrics(scored), comparisons: taskComparisons(scored), remarks };
}

const resultsOf = (...tasks: TaskResult[]): EvaluationResults => ({ dtype: 'float32', tasks, groups: [] });

/** The names of elements, and every attribute that is no text. */
function markupOf(html: string): { elements: Set<string>; attributes: Set<string> } {
  const tags = [...html.matchAll(/<([a-zA-Z!][\w]*)((?:[^>"]|"[^"]*")*)>/g)];
  return { elements: new Set(tags.map(([, name]) => name!.toLowerCase())), attributes: new Set(tags.flatMap(([, , rest]) => [...rest!.replace(/"[^"]*"/g, '""').matchAll(/([\w:-]+)=/g)].map(([, name]) => name!))) };
}

test('whatever stands in items, names and answers is text on the page, and nothing is fetched or run', () => {
  const nasty: ItemCase = { prompt: hostile, right: true, other: false, domain: hostile, choices: [hostile, 'b'], target: [0], prediction: 0, notes: { [hostile]: { why: hostile } } };
  const tasks = [resultOf(hostile, [nasty, { ...nasty, domain: 'law' }, { ...nasty, domain: 'code', right: false }], {}, [hostile]), resultOf('free', [{ prompt: 'Why?', right: true, other: true, target: hostile, prediction: { text: hostile } }, { prompt: 'x', right: true, other: true }])];
  const html = htmlReport(resultsOf(...tasks));
  const { elements, attributes } = markupOf(html);
  const known = new Set('!doctype html head meta title style body main h1 h2 section div table thead tbody tr th td p pre details summary dl dt dd ul li svg rect text line polygon circle path'.split(' '));
  expect([...elements].filter((name) => !known.has(name))).toEqual([]);
  expect([...attributes].filter((name) => /^on|src|href|style$/i.test(name))).toEqual([]);
  expect(html).not.toMatch(/url\(|@import/);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('every item is there with its prompt, choices, log-probabilities, answer, target and metrics, beside those of the other model', () => {
  const choices = ['yes', 'no'];
  const html = itemPages(resultOf('qa', [{ prompt: 'Is it so?', right: true, other: false, choices, target: 0, prediction: 0, domain: 'law' }, { prompt: 'And so?', right: false, other: true, target: 'because', prediction: 'I do not know' }]));
  expect(html).toContain('<summary>#1 · acc 1 · law · Is it so?</summary>');
  expect(html).toContain('<tr><td class="number">0</td><th scope="row">yes</th><td class="number">-0.5000</td><td class="number">-0.5000</td><td>right, likeliest</td></tr>');
  expect(html).toContain('<dt>Prompt</dt><dd><pre>And so?</pre></dd><dt>Answer</dt><dd><pre>I do not know</pre></dd><dt>Log-probabilities</dt><dd><pre>-0.2500 -1</pre></dd><dt>Metrics</dt><dd><pre>acc 0</pre></dd>');
  expect(html).toContain('<dt>Metrics (against)</dt><dd><pre>acc 1</pre></dd><dt>Target</dt><dd><pre>because</pre></dd>');
});

test('thousands of items stand in closed pages, and what stands before every question stands there once', () => {
  const examples = Array.from({ length: 20 }, (_, place) => `Example ${place}: what is ${place} and ${place}?\nAnswer: ${2 * place}`).join('\n\n');
  const html = itemPages(resultOf('long', Array.from({ length: 5000 }, (_, place) => ({ prompt: `${examples}\n\nQuestion ${place}?\nAnswer:`, right: place % 3 === 0 }))));
  expect(html.match(/<summary>Items \d+ to \d+<\/summary>/g)).toHaveLength(50);
  expect(html.match(/<summary>#\d+ /g)).toHaveLength(5000);
  expect(html.match(/Example 19:/g)).toHaveLength(1);
  expect(html).toContain('<pre>…Question 4999?\nAnswer:</pre>');
  expect(html).not.toContain('<details open');
  // A kilobyte an item would be too much for a browser to read at once.
  expect(html.length / 5000).toBeLessThan(600);
});

test('domains are the tasks of a group, the tags of rows, and what documents say they are about', () => {
  const [law, code, poems] = ['law', 'code', 'poems'].map((name, place) => resultOf(`qa_${name}`, [{ prompt: name, right: place === 0, other: true }, { prompt: name, right: true, other: true }], { kind: 'exact-match', tag: name }));
  const mixed = resultOf('mixed', [{ prompt: 'a', right: true, domain: 'x' }, { prompt: 'b', right: false, domain: 'y' }, { prompt: 'c', right: true, domain: 'y' }]);
  const results: EvaluationResults = { dtype: 'float32', tasks: [law!, code!, poems!, mixed], groups: [{ name: 'all', members: ['qa_law', 'qa_code', 'absent'], items: 4, metrics: { acc: 0.75, acc_stderr: 0.1, against_acc: 1 }, comparisons: {} }] };
  expect(domainScores(results)).toEqual([
    { title: 'all: acc by task', domains: [{ name: 'qa_law', value: 1, error: 0, against: 1 }, { name: 'qa_code', value: 0.5, error: 0.5, against: 1 }] },
    { title: 'acc by tag', domains: [{ name: 'law', value: 1, error: 0, against: 1 }, { name: 'code', value: 0.5, error: 0.5, against: 1 }, { name: 'poems', value: 0.5, error: 0.5, against: 1 }] },
    { title: 'mixed: acc by subject', domains: [{ name: 'x', value: 1, error: null, against: null }, { name: 'y', value: 0.5, error: 0.5, against: null }] },
  ]);
  const html = htmlReport(results);
  // Two bars' pictures, and a radar where three domains make one.
  expect(html.match(/<svg /g)).toHaveLength(4);
  expect(html).toContain('<h2>By domain</h2>');
});

test('tables and JSON hold the comparison where there is one, and do without it where there is none', () => {
  const [alone, beside] = [resultOf('a', [{ prompt: 'p', right: true }, { prompt: 'q', right: false }]), resultOf('b', [{ prompt: 'p', right: true, other: false }, { prompt: 'q', right: true, other: false }])];
  expect(markdownReport(resultsOf(alone))).toBe('| task | items | metric | model | ± | against | ± |\n| --- | ---: | --- | ---: | ---: | --- | --- |\n| a | 2 | acc | 0.5000 | 0.5000 |  |  |\n');
  expect(markdownReport(resultsOf(beside))).toContain('| b | acc | 1 | 0 | 1 | 1 | 0.5000 | McNemar, exact | 2 | 0 | 0 |');
  expect(JSON.parse(resultsJson(resultsOf(alone, beside)))).toEqual({ dtype: 'float32', tasks: { a: { items: 2, metrics: alone.metrics }, b: { items: 2, metrics: beside.metrics, comparisons: beside.comparisons } } });
  expect([...sampleLines([resultOf('c', [{ prompt: 'p', right: true, choices: ['x', 'y'], domain: 'law' }])])].map((line) => JSON.parse(line) as unknown)).toEqual([
    { task: 'c', index: 0, domain: 'law', prompt: 'p', choices: ['x', 'y'], target: 0, prediction: 0, logProbs: [-0.5, -1.5], metrics: { acc: 1 } },
  ]);
});
