import { EvaluationError } from './evaluation-error.js';
import { accuracy, accuracyByBytes, accuracyByCharacters, accuracyByInformation } from './metrics/accuracy.js';
import { bleu } from './metrics/bleu.js';
import { brierScore } from './metrics/brier-score.js';
import { chrf, chrfWithWords } from './metrics/chrf.js';
import { codeEval } from './metrics/code-eval.js';
import { contains } from './metrics/contains.js';
import { exactMatch } from './metrics/exact-match.js';
import { f1 } from './metrics/f1.js';
import { functionCalls } from './metrics/function-calls.js';
import { matthews } from './metrics/matthews.js';
import type { Metric } from './metrics/metric.js';
import { bitsPerByte, bytePerplexity, perplexity, wordPerplexity } from './metrics/perplexity.js';
import { rouge1, rouge2, rougeL } from './metrics/rouge.js';
import { ter } from './metrics/ter.js';
import { tokenF1 } from './metrics/token-f1.js';
import { toolBenchActEm, toolBenchEasyF1, toolBenchF1, toolBenchHallucinationRate, toolBenchHardF1, toolBenchPlanEm, toolBenchRougeL } from './metrics/toolbench.js';

/** Every metric that a task may name. */
export const metrics: readonly Metric[] = [
  accuracy, accuracyByCharacters, accuracyByBytes, accuracyByInformation,
  exactMatch, f1, matthews, brierScore,
  perplexity, wordPerplexity, bytePerplexity, bitsPerByte,
  tokenF1, contains, bleu, chrf, chrfWithWords, ter, rouge1, rouge2, rougeL,
  codeEval, functionCalls,
  toolBenchPlanEm, toolBenchActEm, toolBenchHallucinationRate, toolBenchF1, toolBenchEasyF1, toolBenchHardF1, toolBenchRougeL,
];

/** @throws EvaluationError `metric-unknown` */
export function findMetric(name: string): Metric {
  const metric = metrics.find((each) => each.name === name);
  if (metric) return metric;
  throw new EvaluationError({ message: `Expected a metric out of ${metrics.map((each) => each.name).join(', ')}; got "${name}".`, code: 'metric-unknown', facts: { name } });
}
