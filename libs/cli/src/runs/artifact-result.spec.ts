import type { Session } from '../session.js';
import { artifactResult } from './artifact-result.js';
import type { FinishedJob } from './run-job.js';

test('what a reader of the figures has to know stands below them, whole', async () => {
  const remark = `perplexities are of 5 tokens${' and so on'.repeat(20)}`;
  const job = JSON.parse(JSON.stringify({ run: { id: 'run-1' }, step: { outputs: { hf: { digest: 'sha256:12', size: 2048 } }, metrics: { scored: { rows: 1, tokens: 5 }, remarks: [remark] } } })) as FinishedJob;
  const session = { json: false, terminal: { columns: 60 } } as Session;
  const { lines, document } = await artifactResult(session, job, ['gguf', 'hf'], undefined);
  expect(lines).toEqual([expect.stringMatching(/^hf {2}sha256:12 {2}2\.0 KB$/i), '  scored: {"rows":1,"tokens":5}', `  ${remark}`, expect.stringContaining('tunesmith model export sha256:12')]);
  expect(document).toMatchObject({ metrics: { remarks: [remark] } });
});
