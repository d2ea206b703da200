import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { prepareTraining } from './prepare-training.js';
import { tinyTraining } from './testing/tiny-training.js';

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };

test('rows that a model with learned positions cannot read are refused before it is loaded', async () => {
  await using folder = await temporaryFolder('prepare-training');
  const options = await tinyTraining(folder.path, { evaluateEvery: 2 });
  const positions = (count: number) => writeFile(join(options.modelFolder, 'config.json'), JSON.stringify({ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_positions: count }));
  await positions(512);
  const { examples, heldOut } = await prepareTraining(options, quiet);
  const longest = Math.max(...[...examples, ...heldOut].map(({ tokens }) => tokens));
  await positions(longest);
  await prepareTraining(options, quiet);
  await positions(longest - 1);
  await expect(prepareTraining(options, quiet)).rejects.toMatchObject({
    code: 'row-too-long', message: expect.stringMatching(new RegExp(`at most ${longest - 1} tokens, as many as the model has learned positions for; got row \\d+ \\(${longest} tokens\\).*maxLength ${longest - 1}`)),
  });
  await prepareTraining({ ...options, maxLength: longest - 1, longRows: 'truncate' }, quiet);
});
