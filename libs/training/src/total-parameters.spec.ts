import { lora } from './methods/lora.js';
import { plainLora, startTinyRun } from './testing/reference-curves.js';
import { totalParameters } from './total-parameters.js';

test.each(['int8', 'nf4'] as const)('a base in %s has as many parameters as one that is held as it is', async (base) => {
  using held = await startTinyRun(lora({ ...plainLora, base }, { dtype: 'float32', seed: 1 }));
  using plain = await startTinyRun(lora(plainLora, { dtype: 'float32', seed: 1 }));
  expect(totalParameters(held.model)).toBe(totalParameters(plain.model));
  expect(totalParameters(plain.model)).toBe([...plain.model.parameters().values()].reduce((sum, { size }) => sum + size, 0));
});
