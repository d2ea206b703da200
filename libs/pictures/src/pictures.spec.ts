import { barChart, escapeXml, htmlPage, htmlTable, lineChart, markdownTable, niceTicks, radarChart, scatterPlot } from './index.js';

/** Well-formed: every element is closed, and no number is NaN. */
function expectWellFormed(text: string): void {
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  const open: string[] = [];
  for (const [, closing, name, rest] of text.matchAll(/<(\/?)([a-zA-Z][\w]*)([^>]*)>/g)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!rest!.endsWith('/') && name !== 'meta') open.push(name!);
  }
  expect(open).toEqual([]);
}

test('ticks are round and reach over the values', () => {
  expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(niceTicks(-3, 17, 4)).toEqual([-5, 0, 5, 10, 15, 20]);
  expect(niceTicks(0.13, 2.9, 6)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3]);
  expect(niceTicks(0, 2e-4, 5)).toEqual([0, 5e-5, 1e-4, 1.5e-4, 2e-4]);
  expect(niceTicks(3, 3, 6)).toEqual([3, 3.5]);
  expect(niceTicks(Infinity, -Infinity, 6)).toEqual([0, 1]);
});

test('every series of many has a look of its own', () => {
  const chart = barChart({ title: 't', groups: ['law'], series: Array.from({ length: 10 }, (_, place) => ({ name: `s${place}`, values: [1] })) });
  expectWellFormed(chart);
  expect(new Set([...chart.matchAll(/<rect [^>]*(fill="[^>]*?)>(?=<title>)/g)].map(([, look]) => look)).size).toBe(10);
});

test('a bar for each value, whiskers for the spread, nothing where there is no value', () => {
  const chart = barChart({ title: 'a < b', groups: ['law', 'code'], series: [{ name: 'tuned', values: [1, -2], spread: [0.1, null] }, { name: 'base', values: [null, 3] }] });
  expectWellFormed(chart);
  expect(chart.match(/<rect [^>]*><title>/g)).toHaveLength(3);
  expect(chart.match(/<path class="axis"/g)).toHaveLength(1);
  expect(chart).toContain('a &lt; b');
});

test('a point for each name, on a logarithmic axis', () => {
  const plot = scatterPlot({ title: 'size', xLabel: 'parameters', yLabel: 'accuracy', points: [{ name: 'a', x: 135e6, y: 0.4 }, { name: 'b', x: 1.5e9, y: 0.6 }] });
  expectWellFormed(plot);
  expect(plot.match(/<circle/g)).toHaveLength(2);
  expectWellFormed(scatterPlot({ title: 'one', xLabel: 'x', yLabel: 'y', points: [{ name: 'a', x: 100, y: 0 }] }));
});

test('long names under bars are tilted, and none is cut off', () => {
  const names = Array.from({ length: 12 }, (_, place) => `a_long_name_of_a_subject_${place}`);
  const chart = barChart({ title: 't', groups: names, series: [{ name: 's', values: names.map((_, place) => place) }] });
  expectWellFormed(chart);
  expect(chart.match(/rotate\(-35/g)).toHaveLength(12);
  expect(barChart({ title: 't', groups: ['law'], series: [{ name: 's', values: [1] }] })).not.toContain('rotate');
});

test('a ray for each axis, an outline for each series through the values that it has', () => {
  const chart = radarChart({ title: 'a < b', axes: ['law', 'code', 'a <very> long name of a domain'], series: [{ name: 'tuned', values: [1, 0.5, 0.25] }, { name: 'base', values: [0.5, null, 0] }] });
  expectWellFormed(chart);
  expect(chart.match(/<circle/g)).toHaveLength(5);
  expect(chart).toContain('a &lt;very&gt; long n…');
  expect(chart).toContain('<title>tuned, a &lt;very&gt; long name of a domain: 0.25</title>');
  // The middle is zero, and the largest value lies on the outermost ring, straight up.
  const [ring] = chart.match(/<polygon class="grid ring" points="[^"]*"\/>/g)!.slice(-1);
  expect(chart.match(/<circle cx="([^"]*)" cy="([^"]*)"/)!.slice(1, 3).join(',')).toBe(/points="([^ ]*)/.exec(ring!)![1]);
  expectWellFormed(radarChart({ title: 'below zero', axes: ['a', 'b', 'c'], series: [{ name: 's', values: [-1, 2, 0] }] }));
  expectWellFormed(radarChart({ title: 'nothing', axes: ['a', 'b', 'c'], series: [] }));
});

test('a line for each run, a colour for each series, what is not finite left out', () => {
  const long = Array.from({ length: 5000 }, (_, step) => (step === 2500 ? 9 : 3 - step / 5000));
  const chart = lineChart({ title: 'loss', xLabel: 'step', yLabel: 'nats', series: [{ name: 'a<b', lines: [[3, 2, Number.NaN], [3, 1]] }, { name: 'long', lines: [long] }, { name: 'none', lines: [[]] }] });
  expectWellFormed(chart);
  expect(chart.match(/<path class="line" stroke="#0072b2"/g)).toHaveLength(2);
  expect(chart.match(/<path class="line" stroke="#d55e00"/g)).toHaveLength(1);
  expect(chart.match(/<path/g)).toHaveLength(3);
  expect(chart.length).toBeLessThan(20_000);
  // The one peak of the long line is kept: it lies between the 8 and the 10 of the axis.
  expect(chart).toContain('L456.2 94.6L');
  expectWellFormed(lineChart({ title: 'nothing', xLabel: 'x', yLabel: 'y', series: [] }));
});

test('tables and pages say what they are given, escaped', () => {
  const table = { columns: ['name', 'score'], rows: [['a|b <i>', 0.5], ['c', null]] };
  expect(markdownTable(table)).toBe('| name | score |\n| --- | ---: |\n| a\\|b <i> | 0.5000 |\n| c |  |\n');
  expectWellFormed(htmlPage('t & u', [{ heading: 'h', body: htmlTable(table) }]));
  expect(htmlTable(table)).toContain('<th scope="row">a|b &lt;i&gt;</th><td class="number">0.5000</td>');
  expect(htmlTable({ columns: ['', 'n'], rows: [['x', 134515008], [null, 9999]] })).toBe('<div class="wide"><table>\n<thead><tr><td></td><th scope="col">n</th></tr></thead>\n<tbody>\n<tr><th scope="row">x</th><td class="number">134,515,008</td></tr>\n<tr><td></td><td class="number">9999</td></tr>\n</tbody></table></div>');
  expect(escapeXml('"<&>"')).toBe('&quot;&lt;&amp;&gt;&quot;');
});
