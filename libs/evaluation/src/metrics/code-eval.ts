import { z } from 'zod';
import { CodeJail, usualLimits, type JailVerdict } from '../code-jail/code-jail.js';
import { EvaluationError } from '../evaluation-error.js';
import { defineMetric, type PartedValues } from './metric.js';
import { passAtK } from './pass-at-k.js';

/**
 * Whether generated Python passes the document's tests, as Hugging Face's code_eval: each sample with the right answer, which is code that tests it, behind
 * it is one program, run in a jail. `pass@k` for each `k` (Chen et al. 2021); the verdict on each sample is part of the sample's notes. `timeout`: seconds
 * of computing for each program, and twenty times as many on the clock.
 */
export const codeEval = defineMetric({
  name: 'code_eval',
  aggregation: 'mean',
  higherIsBetter: true,
  options: z.strictObject({ k: z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]).default([1]), timeout: z.int().min(1).max(600).default(usualLimits.cpuSeconds) }),
  functions({ k, timeout }) {
    const counts = [k].flat();
    const limits = { cpuSeconds: timeout, wallSeconds: 20 * timeout };
    let opened: Promise<CodeJail> | undefined;
    const jail = (): Promise<CodeJail> => (opened ??= CodeJail.open());
    return {
      parts: counts.map((count) => `pass@${count}`),

      async expectNeeds({ task, repeats }) {
        const most = Math.max(...counts);
        if (most > repeats) throw new EvaluationError({ message: `The task "${task}": pass@${most} takes at least ${most} samples of each document; "repeats" is ${repeats}. Raise it (with do_sample and a temperature), or lower k.`, code: 'metric-not-applicable', facts: { task, k: most, repeats } });
        await jail();
      },

      async ofGeneration({ prediction, references }): Promise<PartedValues> {
        const samples = [prediction].flat().map(String);
        if (samples.length < Math.max(...counts)) throw new EvaluationError({ message: `pass@${Math.max(...counts)} takes at least as many samples of each document; the filters left ${samples.length}.`, code: 'metric-not-applicable', facts: { samples: samples.length } });
        const known = new Map<string, JailVerdict>();
        for (const sample of samples) if (!known.has(sample)) known.set(sample, await (await jail()).run([sample, ...references].join('\n'), limits));
        const verdicts = samples.map((sample) => known.get(sample)!);
        const passed = verdicts.filter(({ verdict }) => verdict === 'passed').length;
        return { values: Object.fromEntries(counts.map((count) => [`pass@${count}`, passAtK(samples.length, passed, count)])), note: verdicts };
      },
    };
  },
});
