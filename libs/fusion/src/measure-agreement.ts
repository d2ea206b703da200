import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, writeFileAtomically } from '@tunesmith/checkpoints';
import type { Split } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { AlignedSources, readSpeakers, type AlignmentOptions } from './aligned-sources.js';
import { FusionError } from './fusion-error.js';
import { TaggedLosses, tagsOfRows } from './tagged-losses.js';

export interface AgreementOptions extends AlignmentOptions {
  /** What the model said, and what each other said, of the same rows. */
  readonly modelFolder: string;
  readonly sourceFolders: readonly string[];
  /** What the sources are called in the report; absent: source-1 and so on. */
  readonly names?: readonly string[];
  readonly split: Split;
  /** The rows that were read: the loss is also told for those of each tag. */
  readonly datasetFolder?: string;
}

/** By `agreement.NAME`; and the model's own loss by `held-out.loss` (or `train.loss`), the mean over all trained tokens of the rows in nats, by `TAG.loss`, and the mean of these by `held-out.loss_by_tag`. */
export type Agreement = Readonly<Record<string, number>>;

/**
 * How often a model expects the token that others expect: the share of places at which its likeliest token is theirs, of those where theirs carry
 * over to its vocabulary. Writes `results.json` in the form of an evaluation's.
 *
 * @throws FusionError `nothing-in-common`, and as `fuseDistributions`.
 */
export async function measureAgreement({ modelFolder, sourceFolders, names, split, datasetFolder, ...options }: AgreementOptions, outFolder: string, context: WorkContext): Promise<Agreement> {
  const speakers = await readSpeakers(modelFolder, sourceFolders);
  using aligned = await AlignedSources.open(speakers, split, options, context);
  const counts = sourceFolders.map(() => ({ places: 0, agreed: 0 }));
  const tags = datasetFolder === undefined ? undefined : await tagsOfRows(datasetFolder, split);
  if (tags && tags.length !== aligned.pivot.rows) throw new FusionError('distributions-of-others', `agree: expected distributions of the ${tags.length} ${split} rows of the dataset; the model's are of ${aligned.pivot.rows}. Give the dataset that was represented.`, { split, rows: tags.length });
  const losses = new TaggedLosses(split === 'validation' ? 'held-out' : split, tags ?? []);
  for (let row = 0; row < aligned.pivot.rows; row += 1) {
    if (aligned.unread(row).includes(true)) continue;
    const { pivotRow, own, transferred } = aligned.row(row);
    losses.add(row, pivotRow);
    for (const [source, { indices, outcomes, entries }] of transferred.entries()) {
      for (const [place, outcome] of outcomes.entries()) {
        if (outcome !== 'fused') continue;
        counts[source]!.places += 1;
        if (indices[place * entries] === own.indices[place * own.entries]) counts[source]!.agreed += 1;
      }
    }
  }
  const shares: Record<string, number> = {};
  const placesOf: Record<string, number> = {};
  for (const [source, { places, agreed }] of counts.entries()) {
    const name = names?.[source] ?? `source-${source + 1}`;
    if (places === 0) throw new FusionError('nothing-in-common', `agree: expected at least one place at which what ${name} expects carries over to the model's vocabulary; there is none.`, { name });
    shares[name] = agreed / places;
    placesOf[name] = places;
  }
  await mkdir(outFolder, { recursive: true });
  const means = losses.all();
  await writeFileAtomically(join(outFolder, 'results.json'), jsonText({ tasks: { agreement: { kind: 'agreement', split, places: placesOf, metrics: shares }, ...Object.fromEntries(means.map(({ name, tokens, metrics }) => [name, { kind: 'loss', split, items: tokens, metrics }])) } }));
  return { ...Object.fromEntries(Object.entries(shares).map(([name, share]) => [`agreement.${name}`, share])), ...Object.fromEntries(means.flatMap(({ name, metrics }) => Object.entries(metrics).map(([metric, value]) => [`${name}.${metric}`, value]))) };
}
