import { EvaluationError } from '../evaluation-error.js';

/** The one text that filters left of the responses. @throws EvaluationError `metric-not-applicable` where they left several, or none. */
export function predictedText(metric: string, prediction: unknown): string {
  if (!Array.isArray(prediction)) return String(prediction);
  if (prediction.length === 1) return String(prediction[0]);
  throw new EvaluationError({ message: `The metric ${metric} expects one text of each document; the filters left ${prediction.length}. End them with take_first.`, code: 'metric-not-applicable', facts: { metric, texts: prediction.length } });
}
