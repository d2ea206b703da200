import { Logger } from '@nestjs/common';
import type { FinishedSpan, JobProgress } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Telemetry } from '../telemetry/telemetry.js';
import { WorkerBudget } from './worker-budget.js';
import { WorkerCrashedError } from './worker-crashed-error.js';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';

const spans: FinishedSpan[] = [];
const telemetry = new Telemetry({ service: 'trainer', instance: 'spec' });
const gigabyte = 2 ** 30;
let pool: WorkerPool;

const makePool = (options: Partial<WorkerPoolOptions> = {}) =>
  new WorkerPool({
    module: new URL('../testing/fixture-worker.js', import.meta.url), threads: 1, budget: new WorkerBudget(2, gigabyte), idleTime: 60_000, graceTime: 200, environment: { EXTRA: 'given' }, telemetry, ...options,
  });
const still = () => ({ signal: new AbortController().signal });
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

beforeAll(() => {
  Logger.overrideLogger(false);
  spawnSync(process.execPath, [join(import.meta.dirname, '../../../../tools/build.mjs')]);
  telemetry.sendSpansTo((finished) => spans.push(...finished));
  pool = makePool();
});
afterAll(() => pool.close());

it('runs a function in another process, with typed arrays both ways, and keeps the process warm', async () => {
  const first = await pool.run<{ values: Float32Array; pid: number }>('square', { values: new Float32Array([1, 2, 3]) }, still());
  expect(first.values).toEqual(new Float32Array([1, 4, 9]));
  expect(first.pid).not.toBe(process.pid);
  const second = await pool.run<{ pid: number }>('square', { values: new Float32Array(1) }, still());
  expect(second.pid).toBe(first.pid);
});

it('gives workers their threads and no secrets, and a device of their own where their work has one', async () => {
  process.env['TUNESMITH_S3_SECRET_KEY'] = 'secret';
  const own = makePool({ threads: 2, environment: { EXTRA: 'given', TUNESMITH_DEVICE: 'cuda' } });
  expect(await own.run('environment', {}, still())).toMatchObject({ threads: '2', secret: undefined, extra: 'given', device: 'cpu', conditions: expect.arrayContaining(['--conditions=tunesmith-worker']) });
  await own.close();
  delete process.env['TUNESMITH_S3_SECRET_KEY'];
});

it('brings progress and spans back into the trace of the caller', async () => {
  const reports: JobProgress[] = [];
  await telemetry.span('job', {}, () => pool.run('phases', {}, { ...still(), progress: (report) => reports.push(report) }));
  await telemetry.flush();
  const job = await eventually('the spans', () => spans.find(({ name }) => name === 'job'));
  const ours = spans.filter(({ traceId }) => traceId === job.traceId);
  const parentName = (name: string) => ours.find(({ spanId }) => spanId === ours.find((span) => span.name === name)?.parentSpanId)?.name;
  expect(ours.map(({ name }) => name).sort()).toEqual(['inner', 'job', 'phases', 'read', 'train', 'worker phases', 'write']);
  expect([parentName('worker phases'), parentName('phases'), parentName('train'), parentName('inner')]).toEqual(['job', 'worker phases', 'phases', 'phases']);
  expect(ours.every(({ service }) => service === 'trainer')).toBe(true);
  expect(reports.length).toBeLessThan(300);
  for (const phase of ['read', 'train', 'write']) {
    expect(reports.filter((report) => report.phase === phase).map(({ done }) => done)).toEqual(expect.arrayContaining([0, 500]));
  }
});

it('carries errors with name, code, facts and stack', async () => {
  await expect(pool.run('fail', {}, still())).rejects.toMatchObject({ name: 'PlatformError', code: 'empty-loss-mask', facts: { row: 7 }, retryable: false, stack: expect.stringContaining('fixture-worker') });
  await expect(pool.run('failRetryably', {}, still())).rejects.toMatchObject({ code: 'busy', retryable: true });
  await expect(pool.run('unknown', {}, still())).rejects.toThrow('add it to defineWorker');
});

it('passes an abort on, and uses the process again', async () => {
  const { pid } = await pool.run<{ pid: number }>('square', { values: new Float32Array(1) }, still());
  const abort = new AbortController();
  const reason = new Error('cancelled');
  const running = pool.run('obey', {}, { signal: abort.signal, progress: () => abort.abort(reason) });
  await expect(running).rejects.toBe(reason);
  expect((await pool.run<{ pid: number }>('square', { values: new Float32Array(1) }, still())).pid).toBe(pid);
});

it.each(['ignore', 'block'])('kills a worker that does not obey (%s)', async (name) => {
  const own = makePool();
  const abort = new AbortController();
  const running = own.run(name, {}, { signal: abort.signal, progress: () => abort.abort(new Error('cancelled')) });
  await expect(running).rejects.toThrow('cancelled');
  expect(await own.run('wait', { milliseconds: 0 }, still())).toBeGreaterThan(0);
  await own.close();
});

it.each([
  ['kill', { signal: 'SIGKILL', exitCode: null, phase: 'dying' }, 'memory runs out'],
  ['exit', { signal: null, exitCode: 3, phase: 'dying' }, 'exited with code 3'],
])('makes a crash (%s) a retryable error that says how and where, and survives it', async (how, facts, message) => {
  const crashed = pool.run('die', { how }, still());
  await expect(crashed).rejects.toBeInstanceOf(WorkerCrashedError);
  await expect(crashed).rejects.toMatchObject({ code: 'worker-crashed', retryable: true, facts: { function: 'die', ...facts }, message: expect.stringContaining(message) });
  expect(await pool.run('wait', { milliseconds: 0 }, still())).toBeGreaterThan(0);
});

it('says why a worker module cannot be loaded', async () => {
  const own = makePool({ module: new URL('./worker-pool.js', import.meta.url) });
  await expect(own.run('square', {}, still())).rejects.toThrow('to export defineWorker');
  await own.close();
  const missing = makePool({ module: new URL('./no-such-worker.js', import.meta.url) });
  await expect(missing.run('square', {}, still())).rejects.toMatchObject({ code: 'not-built', message: expect.stringContaining('node tools/build.mjs') });
});

it('lets calls wait until their cores fit, and refuses what never fits with the sum', async () => {
  const own = makePool({ budget: new WorkerBudget(1, 1000) });
  const order: string[] = [];
  let isWaiting = false;
  const slow = own.run('wait', { milliseconds: 300 }, { ...still(), progress: () => void (isWaiting = true) }).then(() => order.push('slow'));
  await eventually('the first call', () => isWaiting);
  const quick = own.run('wait', { milliseconds: 0 }, still()).then(() => order.push('quick'));
  await Promise.all([slow, quick]);
  expect(order).toEqual(['slow', 'quick']);
  const refused = own.run('square', { values: new Float32Array(200) }, still());
  await expect(refused).rejects.toMatchObject({ code: 'job-too-large', retryable: false, facts: { needed: 1600, available: 1000, parts: { inputs: 800, outputs: 800 } } });
  await own.close();
});

it('ends workers that nobody needs any more', async () => {
  const own = makePool({ idleTime: 100 });
  const pid = await own.run<number>('wait', { milliseconds: 0 }, still());
  expect(isAlive(pid)).toBe(true);
  await eventually('the end of the worker', () => !isAlive(pid));
  await own.close();
});

it('leaves no worker behind when the service is killed with -9, even one that never looks', async () => {
  const script = `
    const { WorkerPool } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/compute/worker-pool.js'))});
    const { WorkerBudget } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/compute/worker-budget.js'))});
    const { Telemetry } = await import(${JSON.stringify(join(import.meta.dirname, '../../dist/telemetry/telemetry.js'))});
    const module = new URL(${JSON.stringify(`file://${join(import.meta.dirname, '../../dist/testing/fixture-worker.js')}`)});
    const pool = new WorkerPool({ module, threads: 1, budget: new WorkerBudget(2, 1e9), idleTime: 1e6, graceTime: 100, environment: {}, telemetry: new Telemetry({ service: 's', instance: 'i' }) });
    const signal = new AbortController().signal;
    const pid = await pool.run('wait', { milliseconds: 0 }, { signal });
    void pool.run('block', {}, { signal, progress: () => { console.log(pid); process.kill(process.pid, 'SIGKILL'); } });
  `;
  const { stdout, signal } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' }, timeout: 120_000 });
  expect(signal).toBe('SIGKILL');
  const pid = Number(stdout.trim().split('\n').at(-1));
  expect(pid).toBeGreaterThan(0);
  await eventually('the end of the worker', () => !isAlive(pid) || isZombie(pid));
});

function isZombie(pid: number): boolean {
  return spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim().startsWith('Z');
}

it('a function may be talked to while it runs, and hears that others wait for its memory', async () => {
  const own = makePool();
  const heard: unknown[] = [];
  let say: (message: unknown) => void = () => undefined;
  const conversation = { open: (send: typeof say) => void ((say = send), ['one', 'two'].forEach(send)), onMessage: (message: unknown) => void heard.push(message) };
  // Only when the other call waits for memory does this one say goodbye.
  const talk = own.run('echo', { memory: gigabyte }, { ...still(), conversation, onWanted: () => say('bye') });
  await eventually('both answers', () => heard.length === 2);
  expect(await own.run('wait', { milliseconds: 0, memory: gigabyte / 2 }, still())).toEqual(expect.any(Number));
  expect(await talk).toEqual(['one', 'two']);
  expect(heard).toEqual([{ heard: 'one' }, { heard: 'two' }]);
  await own.close();
});
