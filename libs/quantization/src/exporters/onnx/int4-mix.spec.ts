import { int4Mix } from './int4-mix.js';

test('the first and the last eighth of the layers, values and tables keep 8 bits', () => {
  const schemes = Array.from({ length: 30 }, (_, layer) => int4Mix({ layer, layers: 30, makesValues: false }).name);
  expect(schemes.flatMap((name, layer) => (name === 'int8' ? [layer] : []))).toEqual([0, 1, 2, 3, 26, 27, 28, 29]);
  expect(int4Mix({ layer: 12, layers: 30, makesValues: true }).name).toBe('int8');
  expect(int4Mix({ layer: null, layers: 30, makesValues: false }).name).toBe('int8');
});
