import { runCommand } from '../testing/run-command.js';
import { sampleRun, sampleRunId } from '../testing/sample-run.js';
import { TinyPlatform } from '../testing/tiny-platform.js';

test('a run is named by its id or as the latest', async () => {
  await using platform = await TinyPlatform.start({ 'GET /v1/runs': [sampleRun()], [`GET /v1/runs/${sampleRunId}`]: sampleRun() });
  for (const name of [sampleRunId, 'latest']) expect(JSON.parse((await runCommand(['run', 'show', name, '--json'], { environment: platform.environment })).stdout)).toMatchObject({ id: sampleRunId });
});

test('what is neither is refused before anybody is asked, and latest says where there is none', async () => {
  await using platform = await TinyPlatform.start({ 'GET /v1/runs': [] });
  const { code, stderr } = await runCommand(['trace', 'nosuch'], { environment: platform.environment });
  expect([code, stderr]).toEqual([2, 'error: RUN: expected the id of a run, or latest; got "nosuch"\n  try: tunesmith run list\n']);
  expect((await runCommand(['run', 'cancel', 'latest'], { environment: platform.environment })).stderr).toContain('RUN: expected a run to be there; there is none yet');
});
