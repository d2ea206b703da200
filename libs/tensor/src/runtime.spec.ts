import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { library } from './library.js';
import { empty, limitCachedMemory, memoryUse, ops, resetPeakMemory, scope, setThreads, TensorError, threads, trimMemory, zeros } from './index.js';

const megabyte = 1 << 20;
const addon = fileURLToPath(new URL('../../../native/build/compute.node', import.meta.url));

function run(script: string, ...flags: string[]): string {
  return execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], { encoding: 'utf8' }).trim();
}

describe('the native side', () => {
  it('knows every operator, and says which overloads there are', () => {
    expect(library().operators().length).toBeGreaterThan(3000);
    expect(() => library().op('aten::nothing', '')).toThrow(expect.objectContaining({ code: 'operator-unknown' }));
    expect(() => library().op('aten::add', 'Text')).toThrow(/its overloads are .*'Tensor'/);
    expect(library().schema('aten::mm', '').text).toBe('aten::mm(Tensor self, Tensor mat2) -> Tensor');
  });

  it('refuses handles of another kind instead of reading them', () => {
    const generator = library().generator(1);
    const call: (...values: unknown[]) => unknown = (value) => Reflect.apply(library().dispose, null, [value]);
    for (const wrong of [generator, {}, null, undefined, 7]) expect(() => call(wrong)).toThrow(expect.objectContaining({ code: 'tensor-expected' }));
    expect(() => Reflect.apply(library().op('aten::bernoulli', ''), null, [zeros([1]).handle, zeros([1]).handle])).toThrow(/expected a Generator/);
    expect(() => Reflect.apply(library().op('aten::exp', ''), null, [zeros([1]).handle, 1])).toThrow(expect.objectContaining({ code: 'too-many-arguments' }));
  });

  it('sets threads', () => {
    setThreads(1);
    expect(threads()).toBe(1);
    expect(() => setThreads(0)).toThrow(TensorError);
    expect(() => setThreads(1.5)).toThrow(/expected an integer from 1 to 1024/);
  });
});

describe('memory', () => {
  it('is told to V8, which collects forgotten tensors before they pile up', () => {
    // In a process of its own: 200 times 16 MB, each forgotten at once. Without the report V8 sees 200 small objects and lets them be.
    const script = `
      import { createRequire } from 'node:module';
      const native = createRequire(import.meta.url)(${JSON.stringify(addon)});
      const empty = native.op('aten::empty', 'memory_format');
      for (let i = 0; i < 200; i++) { empty([16, 1 << 20], 'uint8'); await new Promise((done) => setImmediate(done)); }
      console.log(native.memoryUse().peakBytes);
    `;
    expect(Number(run(script))).toBeLessThan(800 * megabyte);
  });

  it('goes back to where it came from, at every size about the border between slabs and blocks', () => {
    for (let bytes = 3900; bytes <= 4200; bytes += 1) scope(() => void empty([bytes], { dtype: 'uint8' }));
    trimMemory();
    expect(memoryUse().cachedBytes).toBe(0);
  });

  it('is counted: live, peak and kept for reuse', () => {
    trimMemory();
    resetPeakMemory();
    const before = memoryUse();
    expect(before.cachedBytes).toBe(0);
    const made = empty([32, megabyte], { dtype: 'uint8' });
    expect(memoryUse().liveBytes - before.liveBytes).toBe(32 * megabyte);
    made.dispose();
    const after = memoryUse();
    expect(after.liveBytes).toBe(before.liveBytes);
    expect(after.peakBytes - before.liveBytes).toBe(32 * megabyte);
    expect(after.cachedBytes).toBeGreaterThanOrEqual(32 * megabyte);
    trimMemory();
    expect(memoryUse().cachedBytes).toBe(0);
  });

  it('is kept up to a limit', () => {
    limitCachedMemory(10 * megabyte);
    scope(() => [empty([6, megabyte], { dtype: 'uint8' }), empty([7, megabyte], { dtype: 'uint8' }), empty([20, megabyte], { dtype: 'uint8' })].length);
    expect(memoryUse().cachedBytes).toBeLessThanOrEqual(10 * megabyte);
    limitCachedMemory(1024 * megabyte);
    expect(() => limitCachedMemory(-1)).toThrow(TensorError);
  });

  it('holds numbers that survive reuse of blocks', () => {
    scope(() => {
      for (let round = 0; round < 20; round++) {
        const size = 20_000 + round * 3_000;
        const [ones, twos] = [zeros([size]), zeros([size])];
        ops.fillInPlace(ones, 1);
        ops.fillInPlace(twos, 2);
        expect(ops.sumAll(ones).item()).toBe(size);
        expect(ops.sumAll(twos).item()).toBe(2 * size);
        if (round % 2) ones.dispose();
        twos.dispose();
      }
    });
  });

  it('comes back when handles are collected, in a process of its own', () => {
    // A child with --expose-gc, because collecting here would disturb the other suites' counts.
    const script = `
      import { createRequire } from 'node:module';
      const native = createRequire(import.meta.url)(${JSON.stringify(addon)});
      const zeros = native.op('aten::zeros', '');
      for (let i = 0; i < 50; i++) zeros([1000]);
      const before = native.liveTensors();
      for (let i = 0; i < 5; i++) { globalThis.gc(); await new Promise((done) => setImmediate(done)); }
      console.log(JSON.stringify([before, native.liveTensors()]));
    `;
    const [before, after] = JSON.parse(run(script, '--expose-gc'));
    expect(before).toBe(50);
    expect(after).toBeLessThanOrEqual(1);
  });

  it('works in a worker thread beside the main one', () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { createRequire } from 'node:module';
      const file = ${JSON.stringify(addon)};
      const body = 'const { parentPort, workerData } = require("node:worker_threads"); const native = require(workerData);' +
        'const t = native.op("aten::full", "")([3], 2); parentPort.postMessage(native.item(native.op("aten::sum", "")(t)));';
      createRequire(import.meta.url)(file);
      const answers = await Promise.all([1, 2].map(() => new Promise((done, failed) => {
        const worker = new Worker(body, { eval: true, workerData: file, execArgv: [] }); let answer;
        worker.on('message', (value) => { answer = value; }); worker.on('error', failed); worker.on('exit', () => done(answer));
      })));
      console.log(JSON.stringify(answers));
    `;
    expect(run(script)).toBe('[6,6]');
  });
});
