import type { TransferredRow } from './transfer-row.js';

export interface FuseRowOptions {
  /** `min-ce`: the row's distributions are those of the model with the least cross-entropy on it. `avg-ce`: a mixture of all. */
  readonly fusion: 'min-ce' | 'avg-ce';
  /** Divides the logits before each softmax. */
  readonly temperature: number;
  /** What of the cross-entropies the fused row has as its own, for soft mixing. */
  readonly reward: 'best' | 'mean';
}

/** The fused distributions of a row. */
export interface FusedRow {
  readonly indices: Int32Array; // [places, entries]
  readonly logits: Float32Array; // [places, entries], -Infinity fills up
  readonly entries: number;
  /** So that exp(-it) is the reward. */
  readonly crossEntropy: number;
  /** What each model has in it, the pivot first. */
  readonly weights: readonly number[];
}

/**
 * One distribution for each place from those of several models over the same tokens, the pivot's first (FuseLLM, arXiv 2401.10491, section 3.3;
 * its published trainer): with rewards r = exp(-cross-entropy), MinCE takes the model of the largest, AvgCE mixes by softmax(r).
 */
export function fuseRow(models: readonly TransferredRow[], { fusion, temperature, reward }: FuseRowOptions): FusedRow {
  const rewards = models.map(({ crossEntropy }) => Math.exp(-crossEntropy));
  const best = rewards.indexOf(Math.max(...rewards));
  const mean = rewards.reduce((sum, each) => sum + each, 0) / rewards.length;
  const crossEntropy = -Math.log(reward === 'best' ? rewards[best]! : mean);
  if (fusion === 'min-ce') {
    const { indices, logits, entries } = models[best]!;
    return { indices: indices.map((id) => Math.max(id, 0)), logits: logits.map((logit) => logit / temperature), entries, crossEntropy, weights: models.map((_, model) => (model === best ? 1 : 0)) };
  }
  const weights = softmax(rewards);
  return { ...mixture(models, weights, temperature), crossEntropy, weights };
}

/** Where no entry means anything the id is 0, so that it can be looked up. */
function mixture(models: readonly TransferredRow[], weights: readonly number[], temperature: number): Pick<FusedRow, 'indices' | 'logits' | 'entries'> {
  const places = models[0]!.outcomes.length;
  const entries = models.reduce((sum, each) => sum + each.entries, 0);
  const indices = new Int32Array(places * entries);
  const logits = new Float32Array(places * entries).fill(-Infinity);
  for (let place = 0; place < places; place += 1) {
    const shares = new Map<number, number>();
    for (const [model, row] of models.entries()) {
      const from = place * row.entries;
      const shared = softmax([...row.logits.subarray(from, from + row.entries)].map((logit) => logit / temperature));
      for (const [entry, share] of shared.entries()) {
        if (share > 0) shares.set(row.indices[from + entry]!, (shares.get(row.indices[from + entry]!) ?? 0) + weights[model]! * share);
      }
    }
    for (const [entry, [id, share]] of [...shares].sort(([, one], [, other]) => other - one).entries()) {
      indices[place * entries + entry] = id;
      logits[place * entries + entry] = Math.log(share);
    }
  }
  return { indices, logits, entries };
}

function softmax(values: readonly number[]): number[] {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
