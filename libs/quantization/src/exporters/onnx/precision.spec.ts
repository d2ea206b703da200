import { mixedInt4 } from './precision.js';

test('the first and the last eighth of the layers, values and tables keep 8 bits', () => {
  const precision = mixedInt4(30);
  const kept = Array.from({ length: 30 }, (_, layer) => layer).filter((layer) => precision.linear(`model.layers.${layer}.mlp.up_proj`).name === 'int8');
  expect(kept).toEqual([0, 1, 2, 3, 26, 27, 28, 29]);
  expect(precision.linear('model.layers.12.self_attn.v_proj').name).toBe('int8');
  expect(precision.linear('model.layers.12.self_attn.q_proj').name).toBe('int4');
  expect(precision.table.name).toBe('int8');
});
