import type { DomainEvaluation } from './domain-evaluation.js';
import { domainPlot } from './domain-plot.js';

const at = (loss: number, weight: number): DomainEvaluation => ({ loss, weight, reference: 1, potential: 0, forgetting: 0 });

test('every domain has a line in both panels, losses as a change from the first evaluation', () => {
  const svg = domainPlot([{ step: 0, domains: { 'a<b': at(2, 0.25), code: at(4, 0.75) } }, { step: 10, domains: { 'a<b': at(1, 0.5), code: at(5, 0.5) } }]);
  expect(svg).toContain('>a&lt;b<');
  const paths = [...svg.matchAll(/<path [^>]*d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/g)].map((match) => match.slice(1).map(Number));
  expect(paths).toHaveLength(4);
  const [first, second, third, fourth] = paths as [number[], number[], number[], number[]];
  expect([first[1]! > first[3]!, second[1]! < second[3]!]).toEqual([true, true]); // a weight that grows goes up, one that falls down
  expect(third[1]).toBe(fourth[1]); // both begin at no change
  expect([third[3]! > third[1]!, fourth[3]! < fourth[1]!]).toEqual([true, true]);
  expect(svg).toMatch(/>-60 %<[\s\S]*>40 %</);
});

test('one evaluation is a point, and nothing is not a number', () => {
  expect(domainPlot([{ step: 0, domains: { law: at(2, 1) } }])).not.toMatch(/NaN|Infinity/);
});
