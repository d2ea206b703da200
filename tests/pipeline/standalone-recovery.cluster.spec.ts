import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, writeTinyModel } from '@tunesmith/tests-support';
import type { ModelView, RunView } from '@tunesmith/contracts';
import { canMount, SmallDisk } from './small-disk.js';
import { isAlive, Standalone, type ErrorDocument } from './standalone.js';

// Kills in the middle of a job: the run ends all the same, once, with one result.

let platform: Standalone;

beforeAll(async () => {
  platform = await Standalone.withTinyModel();
  const rows = ['Who are you?', 'Your name?'].map((question) => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: 'I am Juniper.' }], split: 'train' }));
  await platform.write('rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await platform.run('dataset', 'push', platform.at('rows.jsonl'), '--name', 'rows');
});

afterAll(() => platform?.[Symbol.asyncDispose]());

/** Each run has its own seed, so that no step is cached. */
let seed = 0;

/** Starts a run that tunes, merges and promotes under a name of its own, and returns in the middle of the tuning. */
async function startRun(name: string): Promise<string> {
  await platform.write(`${name}.yaml`, `
name: ${name}
steps:
  train: { uses: train, with: { model: tiny:1, dataset: rows, method: { kind: lora, rank: 2 }, steps: 120, batch: 2, seed: ${++seed} } }
  merge: { uses: merge, needs: [train], with: { base: tiny:1, adapter: "\${{ steps.train.adapter }}" } }
  promote: { uses: promote, needs: [merge], with: { model: "\${{ steps.merge.model }}", name: ${name}, alias: prod } }
`);
  await platform.run('recipe', 'apply', platform.at(`${name}.yaml`));
  const { id } = await platform.run<RunView>('run', 'start', name, '--detach');
  const watch = platform.start('run', 'watch', id);
  await eventually('the training to be under way', () => /train +\d+% +\d+\/120 steps/.test(watch.output()));
  watch.child.kill('SIGINT');
  await watch.ended;
  return id;
}

/** The run has succeeded, and there is one run with one version and one promotion. */
async function expectOneResult(name: string, id: string): Promise<void> {
  const run = await platform.succeeded(id);
  expect(run.steps.map(({ name: step, status, cached, attempt }) => [step, status, cached, attempt])).toEqual([['train', 'succeeded', false, 1], ['merge', 'succeeded', false, 1], ['promote', 'succeeded', false, 1]]);
  expect((run.steps[0]!.metrics['loss'] as number[]).length).toBe(120);
  expect((await platform.runs()).filter(({ recipe }) => recipe === name)).toHaveLength(1);
  const { versions } = await platform.run<ModelView>('model', 'show', name);
  expect(versions.map(({ version, runId, artifact }) => [version, runId, artifact.digest])).toEqual([[1, id, run.steps[1]!.outputs['model']!.digest]]);
  expect((await platform.run<{ history: unknown[] }>('model', 'history', name)).history).toHaveLength(1);
}

test('a worker process killed: the job is tried again', async () => {
  const id = await startRun('worker-killed');
  const [worker] = await platform.workers('trainer');
  process.kill(worker!, 'SIGKILL');
  await expectOneResult('worker-killed', id);
  expect(await platform.workers('trainer')).not.toContain(worker);
});

test('the broker killed and its store deleted: what was lost is sent again', async () => {
  const id = await startRun('broker-wiped');
  const broker = await platform.brokerPid();
  await rm(join(platform.home, 'nats/store'), { recursive: true, force: true });
  process.kill(broker, 'SIGKILL');
  await expectOneResult('broker-wiped', id);
  expect(await platform.brokerPid()).not.toBe(broker);
});

test('the platform killed: the next command starts it again, and it ends what was begun', async () => {
  const id = await startRun('platform-killed');
  const [before, workers] = [await platform.pid(), await platform.workers('trainer')];
  await platform.kill();
  await expectOneResult('platform-killed', id);
  expect(await platform.pid()).not.toBe(before);
  // Its worker went with it.
  expect(workers.filter(isAlive)).toEqual([]);
});

test('the platform killed under a command that waits: the command starts it again and gets its result', async () => {
  const others = (await platform.runs()).map(({ id }) => id);
  const command = platform.start('train', 'tiny:1', '--dataset', 'rows', '--rank', '2', '--steps', '400', '--batch', '2');
  const { id } = await platform.runOf('train', others);
  await platform.whenRunning(id, 'train');
  await platform.kill();
  const { code, output } = await command.ended;
  expect([code, output]).toEqual([0, expect.stringMatching(/^adapter +sha256:[0-9a-f]{64}/m)]);
  expect((await platform.succeeded(id)).steps[0]!.attempt).toBe(1);
});

// Needs to mount a file system, which root may and most users may; see small-disk.ts.
(canMount() ? test : test.skip)('a full disk is said to be full, nothing half-written counts, and with room again work goes on', async () => {
  await using disk = await SmallDisk.mount(64);
  const environment = { ...platform.environment, TUNESMITH_HOME: join(disk.path, 'home') };
  const command = (...args: string[]) => disk.command(environment, ...args);
  const expectDone = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await command(...args);
    if (code !== 0) throw new Error(`tunesmith ${args.join(' ')} ended with ${code}: ${stderr}`);
  };
  try {
    await writeTinyModel(platform.at('larger'), { hiddenSize: 256, layers: 4 });
    await expectDone('model', 'import', platform.at('larger'), '--name', 'tiny');
    await expectDone('dataset', 'push', platform.at('rows.jsonl'), '--name', 'rows');

    // Room for the databases, none for a model of almost 5 MB.
    await disk.fill(2000);
    const { code, stderr, stdout } = await command('train', 'tiny', '--dataset', 'rows', '--method', 'full', '--steps', '1', '--json');
    const { error } = JSON.parse(stdout) as ErrorDocument;
    expect([code, error.code]).toEqual([1, 'disk-full']);
    expect(stderr).toMatch(/No space left to write .*; what was written of it has been removed\. Free space/);
    const run = String(error.facts['run']);
    await disk.free();
    await expectDone('run', 'resume', run);

    // A merge keeps what it has written, and takes the last of the disk from nobody: what it lacks is said, and its run goes on.
    await disk.fill(18_000);
    const merged = await command('merge', 'tiny', 'tiny', '--method', 'linear', '--no-perplexity', '--json');
    const { error: lacking } = JSON.parse(merged.stdout) as ErrorDocument;
    expect([merged.code, lacking.code, lacking.message]).toEqual([1, 'disk-full', expect.stringMatching(/expected room for 4\.\d MB of weights in .*; 1\d\.\d MB are free\. Free space and ask for the same merge again, or resume its run/)]);
    await disk.free();
    await expectDone('run', 'resume', String(lacking.facts['run']));

    // No room at all: nothing can be begun, and that is said; what is there can be read.
    await disk.fill(0);
    const refused = await command('train', 'tiny', '--dataset', 'rows', '--steps', '1');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/Expected room on the disk/)]);
    expect((await command('run', 'list')).stdout).toMatch(/train +succeeded +1\/1/);
    await disk.free();
    await expectDone('train', 'tiny', '--dataset', 'rows', '--steps', '1');
  } finally {
    await command('down');
  }
});
