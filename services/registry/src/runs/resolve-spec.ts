import { issueMessage, type ArtifactRef, type StepKind } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { RefusedError } from '../errors.js';
import { mapReferences, referencesIn } from './check-steps.js';
import { stepOutput, substitute, type Json } from './expression.js';
import { parseReference } from './reference.js';
import type { RunStepEntity } from './run-step.entity.js';

/**
 * What a step's job is asked, now that everything it needs has succeeded: outputs of earlier steps in their places, digests become
 * references with size and media type, defaults filled in. In a list null stands for what a step that may fail did not make.
 *
 * @throws PlatformError where that is not possible.
 */
export async function resolveSpec(step: RunStepEntity, kind: StepKind, steps: readonly RunStepEntity[], transaction: EntityManager): Promise<Record<string, Json>> {
  const config = Object.fromEntries(Object.entries(step.config).map(([key, value]) => [key, substitute(value, (expression) => {
    const wanted = stepOutput(expression);
    const source = wanted && steps.find(({ name }) => name === wanted.step);
    if (!wanted || !source) return undefined;
    if (wanted.output === 'error') return source.error && `${source.error.message} (${source.error.code})`;
    const output = source.outputs[wanted.output];
    if (output) return output.digest;
    if (source.status !== 'succeeded' && Array.isArray(value)) return null;
    throw new RefusedError({
      code: 'output-missing', facts: { step: source.name, output: wanted.output },
      message: `${step.name}: expected the ${wanted.output} of step ${source.name}${typeof source.config['path'] === 'string' ? `, which read ${source.config['path']}` : ''}; it made ${Object.keys(source.outputs).join(', ') || 'no artifact'}`,
    });
  })]));

  const artifacts = new ArtifactsRepository(transaction, step.project);
  const refs = new Map<Json, ArtifactRef>();
  for (const [key, expected] of Object.entries(kind.references)) {
    for (const text of referencesIn(config[key])) {
      const reference = typeof text === 'string' ? parseReference(text) : undefined;
      if (reference?.kind === 'digest') refs.set(text, await artifacts.require(reference.digest, expected));
    }
  }
  const whole = mapReferences(config, kind, (text) => refs.get(text) ?? text);
  const parsed = kind.spec.safeParse(whole);
  if (parsed.success) return parsed.data as Record<string, Json>;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issueMessage(issue, whole)}`);
  throw new RefusedError({ code: 'step-invalid', message: `${step.name}: ${problems.join('; ')}`, facts: { problems } });
}
