import { findStepKind } from '@tunesmith/contracts';
import { EntityManager } from 'typeorm';
import { resolveSpec } from './resolve-spec.js';
import { RunStepEntity } from './run-step.entity.js';

test('what does not fit once everything is there is told in the words of all other checks', async () => {
  const step = Object.assign(new RunStepEntity(), { name: 'table', project: 'default', config: { evaluations: [null], labels: [3] } });
  // Nothing is looked up: there is no reference.
  const transaction = Object.create(EntityManager.prototype) as EntityManager;
  await expect(resolveSpec(step, findStepKind('compare')!, [step], transaction)).rejects.toMatchObject({ code: 'step-invalid', message: 'table: labels.0: expected a text; got 3' });
});
