import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { importTasks } from './definitions/import-tasks.js';
import { evaluateModel, type EvaluateModelOptions } from './evaluate-model.js';

/** Made by tests/parity/make-evaluation-fixture.py from lm-evaluation-harness: each request of each document, and the scores. */
interface Reference {
  scores: Record<string, Record<string, number>>;
  samples: Record<string, { index: number; arguments: string[][]; responses: (string | number | [number, boolean])[] }[]>;
}
interface Sample {
  task: string;
  index: number;
  prompt: string;
  prediction: unknown;
  logProbs: number[];
}

const root = join(import.meta.dirname, '../../..');
const fixture = join(root, 'tests/parity/fixtures/evaluation');
const expected = JSON.parse(readFileSync(join(fixture, 'lm-eval.json'), 'utf8')) as { plain: Reference; chat: Reference };
const context = { signal: new AbortController().signal, onProgress: () => undefined };

describe('beside lm-evaluation-harness, on a tiny model', () => {
  let folder: AsyncDisposable & { path: string };
  let count = 0;
  let definitionsFolder = '';
  beforeAll(async () => {
    setThreads(1);
    folder = await temporaryFolder();
    definitionsFolder = join(folder.path, 'tasks');
    // Paths of documents in the task files are relative to the checkout, where the reference was started.
    await importTasks({ folder: root, tasks: ['fixture_contexts', 'fixture_continuation', 'fixture_rolling', 'fixture_generation', 'fixture_group'], include: join(fixture, 'tasks'), hubCache: folder.path }, definitionsFolder, context);
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  async function evaluated(options: Partial<EvaluateModelOptions> = {}): Promise<{ metrics: Readonly<Record<string, number>>; samples: Sample[] }> {
    const out = join(folder.path, `out-${(count += 1)}`);
    const { metrics } = await evaluateModel({ modelFolder: join(fixture, 'model'), definitionsFolder, tasks: [], dtype: 'float32', ...options }, out, context);
    return { metrics, samples: readFileSync(join(out, 'samples.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Sample) };
  }

  test.each([
    ['plain text', expected.plain, {}],
    ['the chat template', expected.chat, { applyChatTemplate: true }],
  ] as const)('every prompt, log-probability and text of %s is the same', async (_name, reference, options) => {
    const { samples } = await evaluated(options);
    expect(new Set(samples.map(({ task }) => task))).toEqual(new Set(Object.keys(reference.samples)));
    for (const { task, index, prompt, prediction, logProbs } of samples) {
      const { arguments: asked, responses } = reference.samples[task]!.find((row) => row.index === index)!;
      const given = task === 'fixture_contexts' ? asked.map(([text]) => text).join('\n') : task === 'fixture_rolling' ? '' : asked[0]![0];
      expect([task, index, prompt]).toEqual([task, index, given]);
      responses.slice(0, Math.max(1, logProbs.length)).forEach((response, place) => {
        if (typeof response === 'string') return expect((prediction as { text: string }).text).toBe(response);
        const logProb = typeof response === 'number' ? response : Number(response[0]);
        expect(Math.abs(logProbs[place]! - logProb)).toBeLessThan(1e-4);
      });
    }
  });

  test('the scores are the same numbers', async () => {
    for (const [reference, options] of [[expected.plain, {}], [expected.chat, { applyChatTemplate: true }]] as const) {
      const { metrics } = await evaluated(options);
      let compared = 0;
      for (const [task, scores] of Object.entries(reference.scores)) {
        for (const [key, value] of Object.entries(scores)) {
          const [metric, filter] = key.split(',');
          if (filter === undefined) continue;
          const ours = metrics[`${task}.${metric}${filter === 'none' ? '' : `-${filter}`}`];
          // Perplexities follow from log-probabilities, which differ in their last bits; all others are counts.
          const ratio = /perplexity|brier|bits/.test(key) && value !== 0 ? Number(ours) / value : 1 + Number(ours) - value;
          expect([task, key, ratio]).toEqual([task, key, expect.closeTo(1, /perplexity|brier|bits/.test(key) ? 5 : 12)]);
          compared += 1;
        }
      }
      expect(compared).toBeGreaterThan(14);
    }
  });

  test('batch, order and threads change nothing but the last bits', async () => {
    const reference = await evaluated();
    for (const [batchRows, threads] of [[1, 1], [3, 2], [64, 2]] as const) {
      setThreads(threads);
      const other = await evaluated({ batchRows });
      setThreads(1);
      expect(other.samples.map(({ prediction }) => prediction)).toEqual(reference.samples.map(({ prediction }) => prediction));
      other.samples.forEach(({ logProbs }, sample) => logProbs.forEach((logProb, place) => expect(Math.abs(logProb - reference.samples[sample]!.logProbs[place]!)).toBeLessThan(1e-5)));
      for (const [name, value] of Object.entries(reference.metrics)) expect([name, value === 0 ? 1 + other.metrics[name]! : other.metrics[name]! / value]).toEqual([name, expect.closeTo(1, /perplexity|bits|brier/.test(name) ? 5 : 12)]);
    }
  });

  test('what was asked once is known: a larger limit asks only for the rest, and without anything missing no model is loaded', async () => {
    const cache = { folder: join(folder.path, 'results'), model: 'sha256:one' };
    const whole = await evaluated();
    const mostAsked = async (name: string, cached: object): Promise<number> => {
      const asked: number[] = [];
      await evaluateModel({ modelFolder: join(fixture, 'model'), definitionsFolder, tasks: [], dtype: 'float32', ...cached }, join(folder.path, name), { ...context, onProgress: ({ total }) => void asked.push(total ?? 0) });
      return Math.max(...asked);
    };
    const part = await evaluated({ limit: 2, cache });
    // Of six documents two are known, whose choices are not as many.
    expect(await mostAsked('resumed', { cache })).toBeLessThan((await mostAsked('anew', {})) * 0.75);
    const known = await evaluated({ modelFolder: '/nowhere', cache });
    expect(known.samples.map(({ prediction }) => prediction)).toEqual(whole.samples.map(({ prediction }) => prediction));
    expect(part.samples).toHaveLength(2 * 6);
    await expect(evaluated({ modelFolder: '/nowhere', cache: { ...cache, model: 'sha256:other' } })).rejects.toThrow();
  });
});
