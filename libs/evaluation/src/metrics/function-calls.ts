import { isList, isRecord, parseCalls, readJsonValue, showCall } from '@tunesmith/generation';
import { EvaluationError } from '../evaluation-error.js';
import { checkCalls, type ExpectedCall } from '../function-calls/check-calls.js';
import { describedFunctions } from '../function-calls/described-functions.js';
import { defineMetric, type PartedValues } from './metric.js';
import { predictedText } from './predicted-text.js';

/**
 * Whether an answer calls the expected functions with right arguments (`call_match`), by the rules of the Berkeley Function Calling Leaderboard. The right answer is its
 * `ground_truth` as JSON, `[{"f": {"a": [1, 2]}}]`, or no JSON for documents where nothing is to be called; the task's `tools` names the field with the functions. The calls
 * that were read, and what is wrong about them, are part of the sample's notes.
 */
export const functionCalls = defineMetric({
  name: 'function_calls',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: {
    parts: ['call_match'],
    ofGeneration({ prediction, references, tools }): PartedValues {
      const { calls, problem } = parseCalls(predictedText('function_calls', prediction));
      const expected = references.flatMap(expectedCalls);
      const wrong = problem !== undefined && expected.length > 0 ? `the answer cannot be read as calls: ${problem}` : checkCalls(tools === undefined ? [] : describedFunctions(tools), calls, expected);
      return { values: { call_match: wrong === undefined ? 1 : 0 }, note: { calls: calls.map(showCall), ...(wrong !== undefined && { wrong }) } };
    },
  },
});

/** @throws EvaluationError `task-document-invalid` where it is JSON of another form. */
function expectedCalls(reference: string): ExpectedCall[] {
  if (!/^\s*\[/.test(reference)) return [];
  const refuse = (reason: string, cause?: unknown): EvaluationError => new EvaluationError({ message: `A right answer of function calls: expected [{"NAME": {"PARAMETER": [VALUE, …]}}, …]; ${reason} in ${reference.slice(0, 120)}.`, code: 'task-document-invalid', facts: { reference: reference.slice(0, 500) }, cause });
  let list: ReturnType<typeof readJsonValue>;
  try {
    list = readJsonValue(reference);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  return (list as readonly ReturnType<typeof readJsonValue>[]).map((each) => {
    const [entry, ...others] = isRecord(each) ? Object.entries(each) : [];
    if (!entry || others.length > 0 || !isRecord(entry[1])) throw refuse('got an entry that is no object with one name');
    const values = Object.entries(entry[1]).map(([parameter, right]) => {
      if (!isList(right)) throw refuse(`${parameter} has no list of values`);
      return [parameter, right] as const;
    });
    return { name: entry[0], values: Object.fromEntries(values) };
  });
}
