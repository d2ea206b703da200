import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { evaluateLoss } from '../evaluate-loss.js';
import { expectSameVocabulary } from '../expect-same-vocabulary.js';
import type { Example, Objective } from '../objective.js';
import { TrainingError } from '../training-error.js';
import type { DomainMaterial } from './domain-order.js';
import type { DataOrderReport } from '../data-order.js';

/** By domain. */
type Losses = Readonly<Record<string, number>>;

export interface DomainReferences {
  readonly kind: DataOrderReport['domainReference'];
  /** What each held-out loss could come down to. Asked once, before the first step, with the losses of the untuned model. */
  measure(untuned: Losses): Promise<Losses>;
}

/**
 * The reference losses of VersaTune's learnable potential, all on held-out rows (the published ones are of training rows that a proxy knew by heart, which
 * makes the potential 1 everywhere): given; the least that earlier trainings reached, from their reports; of a reference model; or of the
 * untuned model itself, against which a domain has potential only once it has got worse.
 *
 * @throws TrainingError `reference-missing`, `reference-unknown`, `other-vocabulary`.
 */
export function findReferences(names: readonly string[], judged: ReadonlyMap<string, readonly Example[]>, material: DomainMaterial, objective: Objective, context: WorkContext): DomainReferences {
  const { domains: { referenceLosses }, referenceReportFolders = [], referenceFolder } = material;
  if (referenceLosses) return { kind: 'given', measure: () => Promise.resolve(expectAll(names, expectKnown(names, referenceLosses), 'referenceLosses')) };
  if (referenceReportFolders.length > 0) return { kind: 'reports', measure: async () => expectAll(names, await leastOf(referenceReportFolders), 'referenceReports') };
  if (referenceFolder === undefined) return { kind: 'untuned', measure: (untuned) => Promise.resolve(untuned) };
  return {
    kind: 'model',
    async measure() {
      await expectSameVocabulary(material, referenceFolder, 'reference');
      const { model } = await loadModel(referenceFolder, { dtype: material.dtype });
      try {
        const losses: Record<string, number> = {};
        for (const [name, examples] of judged) losses[name] = await evaluateLoss(model, objective, examples, material, context);
        return losses;
      } finally {
        model[Symbol.dispose]();
      }
    },
  };
}

/** Of each domain the least held-out loss at any evaluation of any of the trainings. */
async function leastOf(folders: readonly string[]): Promise<Losses> {
  const least: Record<string, number> = {};
  for (const folder of folders) {
    const { evaluations = [] } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as { evaluations?: { domains?: Record<string, { loss: number }> }[] };
    for (const { domains = {} } of evaluations) {
      for (const [name, { loss }] of Object.entries(domains)) least[name] = Math.min(least[name] ?? Infinity, loss);
    }
  }
  return least;
}

/** Reports may tell of more domains than this training has; who writes losses down means each of them. */
function expectKnown(names: readonly string[], losses: Losses): Losses {
  const unknown = Object.keys(losses).filter((name) => !names.includes(name));
  if (unknown.length === 0) return losses;
  throw new TrainingError('reference-unknown', `train: referenceLosses: expected losses of the domains ${names.join(', ')}; got one of ${unknown.join(', ')}.`, { unknown, names });
}

function expectAll(names: readonly string[], losses: Losses, what: string): Losses {
  const missing = names.filter((name) => losses[name] === undefined);
  if (missing.length === 0) return Object.fromEntries(names.map((name) => [name, losses[name]!]));
  throw new TrainingError('reference-missing', `train: ${what}: expected a loss for every domain; there is none for ${missing.join(', ')}, only for ${Object.keys(losses).join(', ') || 'no other'}.`, { missing });
}
