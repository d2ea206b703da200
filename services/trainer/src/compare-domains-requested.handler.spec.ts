import { compareDomains } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { trainerHandlers } from './trainer.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'trainer', handlers: trainerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('the reports are staged in their order, with their labels', async () => {
  const reports = await Promise.all(['a', 'b'].map((text) => bench.artifact('report', { 'report.json': { text } })));
  const job = await bench.run(compareDomains, { reports, labels: ['uniform-seed1', 'uniform-seed1-single'], target: 'law', specialist: 'single' });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { comparison: { mediaType: expect.stringContaining('report') } } });
  expect(await bench.read(job.outputs!['comparison'], 'input.json')).toMatchObject({
    reportFolders: reports.map(({ digest }) => expect.stringContaining(digest.slice(7))), labels: ['uniform-seed1', 'uniform-seed1-single'], baseline: 'uniform', target: 'law', specialist: 'single',
  });
  expect(compareDomains.spec.safeParse({ reports, labels: ['one'] }).error?.message).toContain('one label for each report');
  expect(compareDomains.spec.safeParse({ reports, labels: ['one', 'two'], specialist: 'one' }).error?.message).toContain('the target that it was tuned on');
});
