import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

test('what was left out of a model stands below its name and version', async () => {
  const remark = 'only the text model of this Gemma3ForConditionalGeneration was imported, which reads no images';
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'import', uses: 'import-model', outputs: { model: { digest: sampleDigest, size: 2048, mediaType: 'application/vnd.tunesmith.model.v1+folder' } }, metrics: { family: 'gemma3', version: 1, remarks: [remark] } }));
      answer.end();
    },
    'GET /v1/models/gemma': { name: 'gemma', versions: [{ version: 1, aliases: ['prod'], family: 'gemma3' }] },
  });
  const run = (...more: string[]) => runCommand(['model', 'import', 'hf:org/gemma', '--name', 'gemma', ...more], { environment: platform.environment });
  expect((await run()).stdout.trimEnd().split('\n')).toEqual([expect.stringMatching(/^gemma:1 @prod {2}gemma3 {2}/), `  ${remark}`]);
  expect(JSON.parse((await run('--json')).stdout)).toMatchObject({ name: 'gemma', metrics: { remarks: [remark] } });
});
