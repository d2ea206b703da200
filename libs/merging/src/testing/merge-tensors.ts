import type { Tensor } from '@tunesmith/tensor';
import type { MergeInput, MergeMethod } from '../merge-method.js';
import { MergeParameters } from '../merge-parameters.js';

/** One weight merged as the executor would, with the parts that a test does not care about filled in; the survey, where one is needed, sees this weight alone. */
export function mergeTensors(method: MergeMethod, input: Partial<MergeInput> & { readonly models: readonly Tensor[] }, given: Readonly<Record<string, unknown>> = {}): Tensor {
  const parameters = new MergeParameters(method, given, method.takes.kind === 'adapter' ? 0 : input.models.length);
  const whole: MergeInput = { name: 'weight', role: 'other', transposed: false, base: null, update: null, seed: 1, findings: null, ...input };
  if (whole.findings !== null || !method.survey?.needed(parameters)) return method.merge(whole, parameters);
  const concluded = method.survey.conclude(new Map([[whole.name, method.survey.measure(whole, parameters)]]), parameters);
  return method.merge({ ...whole, findings: concluded.get(whole.name) ?? null }, parameters);
}
