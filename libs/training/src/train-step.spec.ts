import { setThreads } from '@tunesmith/tensor';
import { full } from './methods/full.js';
import { expectCurve, references, startTinyRun, tinyModelFolder } from './testing/reference-curves.js';

beforeAll(() => setThreads(1));

// The reference is torch's own AdamW, clipping and backward through transformers: tests/parity/make-training-fixtures.py.
test('full tuning follows torch and transformers for thirty steps', async () => {
  using run = await startTinyRun(full({ kind: 'full' }, { modelFolder: tinyModelFolder }));
  expectCurve(run, references.full);
});
