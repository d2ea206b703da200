import { lossPlot } from './loss-plot.js';

test('every series is drawn inside the axes, and a long one keeps its peaks', () => {
  const loss = Array.from({ length: 5000 }, (_, step) => 3 - step / 2500 + (step === 1234 ? 5 : 0));
  const svg = lossPlot({ title: 'a < b', loss, evaluations: [{ step: 100, loss: 2 }, { step: 5000, loss: NaN }], learningRates: loss.map(() => 1e-4) });
  expect(svg).toContain('a &lt; b');
  expect(svg).toContain('prefers-color-scheme: dark');
  const [, path] = /class="loss" d="([^"]+)"/.exec(svg)!;
  const points = path!.slice(1).split('L').map((point) => point.split(' ').map(Number) as [number, number]);
  expect(points.length).toBeLessThanOrEqual(600);
  for (const [x, y] of points) expect(x >= 64 && x <= 724 && y >= 48 && y <= 388).toBe(true);
  expect(Math.min(...points.map(([, y]) => y))).toBeLessThan(100);
  expect(svg.match(/<circle/g)).toHaveLength(1);
  expect(svg).not.toContain('NaN');
});

test('a training of one step has axes and a point', () => {
  const svg = lossPlot({ title: 'one', loss: [2], evaluations: [], learningRates: [1e-4] });
  expect(svg).toContain('class="loss" d="M');
  expect(svg).not.toMatch(/NaN|Infinity/);
});
