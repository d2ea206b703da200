import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { TrainProcessInput } from './testing/train-process.js';
import { domainTraining, tinyDomains } from './testing/tiny-domains.js';
import { plainLora, tinyTraining } from './testing/tiny-training.js';
import type { TrainOptions } from './train-options.js';

// A child process is the only thing that can be killed for good. It runs what `node tools/build.mjs` compiled.
const program = join(import.meta.dirname, '../dist/testing/train-process.js');

interface Kill {
  /** Lets the process live for this long after the first step, or until it calls the file system so often. */
  readonly afterMilliseconds?: number;
  readonly beforeCall?: number;
}

/** Trains in a process of its own; true when it came to the end. */
async function train(input: TrainProcessInput, { afterMilliseconds, beforeCall }: Kill = {}): Promise<boolean> {
  const child = spawn(process.execPath, ['--no-warnings', program, JSON.stringify({ ...input, killBeforeCall: beforeCall })], { stdio: ['ignore', 'pipe', 'pipe'] });
  let timer: NodeJS.Timeout | undefined;
  let errors = '';
  child.stderr.on('data', (text) => (errors += String(text)));
  child.stdout.once('data', () => {
    if (afterMilliseconds !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), afterMilliseconds);
  });
  child.stdout.resume();
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('exit', (...end) => resolve(end)));
  clearTimeout(timer);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`expected the training to end or to be killed; it exited with ${code}: ${errors}`);
  return signal === null;
}

async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

/** mulberry32 */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many kills happen whatever else the machine has to do. */
const surely = 4;

const scenarios: { name: string; kills: number; changes: Partial<TrainOptions>; make?: typeof tinyDomains }[] = [
  { name: 'lora with dropout and noise on embeddings', kills: 9, changes: { method: { ...plainLora, dropout: 0.1 }, neftuneAlpha: 5, saveEvery: 1 } },
  { name: 'full, accumulated, evaluated, the best kept', kills: 8, changes: { method: { kind: 'full' }, accumulate: 2, evaluateEvery: 4, keep: 'best', saveEvery: 3, learningRate: 2e-2 } },
  { name: 'rounds of domains whose weights answer to losses', kills: 6, changes: { steps: 24, evaluateEvery: 3, saveEvery: 2, domains: { ...domainTraining, roundTokens: 500, referenceLosses: { boats: 0.5, stars: 2, trees: 4 } } }, make: tinyDomains },
];

test.each(scenarios)('$name: killed $kills times at random, the result is that of a training that was not, bit for bit', async ({ kills, changes, make = tinyTraining }) => {
  await using folder = await temporaryFolder('resume');
  const seed = Number(process.env['TUNESMITH_TEST_SEED'] ?? 1);
  const random = randomNumbers(seed);
  const options = await make(folder.path, changes);
  const [whole, resumed] = [join(folder.path, 'whole'), join(folder.path, 'resumed')];
  expect(await train({ options, outFolder: whole, places: {} })).toBe(true);

  const checkpoints = join(folder.path, 'checkpoints');
  const story: string[] = [`TUNESMITH_TEST_SEED=${seed}`];
  for (let attempt = 1; ; attempt += 1) {
    // Between two calls to the file system, most of them in the middle of saving; once there were enough of these, at any moment too, which on
    // a machine with much else to do may come after the end.
    const left = kills - (attempt - 1);
    const kill: Kill = left <= 0 ? {} : attempt > surely && random() < 0.6 ? { afterMilliseconds: Math.floor(random() * 80) } : { beforeCall: 1 + Math.floor(random() * 300) };
    const ended = await train({ options, outFolder: resumed, places: { checkpoints: { folder: checkpoints, writer: `attempt-${attempt}`, inputs: { model: 'sha256:1' } } } }, kill);
    story.push(`${JSON.stringify(kill)} ${ended ? 'ended' : 'killed'}`);
    if (ended) break;
  }
  const [expected, got] = [await filesOf(whole), await filesOf(resumed)];
  try {
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    for (const [name, bytes] of Object.entries(expected)) expect([name, got[name]!.equals(bytes)]).toEqual([name, true]);
    expect(story.filter((line) => line.endsWith('killed')).length).toBeGreaterThanOrEqual(surely);
  } catch (error) {
    throw new Error(story.join('\n'), { cause: error });
  }
  expect(existsSync(checkpoints)).toBe(true);
}, 900_000);
