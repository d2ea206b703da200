import { noGrad, ops, scope, tensor, zeros, type Tensor } from '@tunesmith/tensor';
import { MergeError } from '../merge-error.js';
import type { MergedVocabulary } from './merge-vocabularies.js';

/** A weight with a row per token, of one input. */
export interface RowsOfInput {
  readonly input: number;
  /** [rows of the input, …]. Called once; the tensor is disposed of here. */
  load(): Promise<Tensor>;
}

/** So many rows are moved at a time: what is in between stays small beside a weight. */
const rowsAtOnce = 4096;

/**
 * The weights with the result's rows, in its order, one input after the other, so that one foreign weight is in memory at a time. An input that lacks a token
 * gets its row from where mergekit 0.1.5 (tokenizer/embed.py) takes it: what the request says; the only input that has it; the base; the mean of those that
 * have it; zeros where nobody does. Rows beyond the last token are the mean of all.
 *
 * @throws MergeError `merge-token-unknown` where a token comes from an input that has no such weight
 */
export async function alignRows(sources: readonly RowsOfInput[], { tokens, rows, places, rules }: MergedVocabulary, base: number | undefined): Promise<Tensor[]> {
  const aligned: Tensor[] = [];
  const singles = new Map<number, Tensor>();
  try {
    for (const { input, load } of sources) {
      using own = await load();
      aligned.push(noGrad(() => scope(() => ops.indexSelect(own, 0, indices(Array.from({ length: rows }, (_, id) => Math.max(places[input]![id] ?? -1, 0)))))));
      for (const [id, { source }] of rules) if (source.kind === 'row' && source.input === input) singles.set(id, noGrad(() => scope(() => ops.clone(ops.narrow(own, 0, source.row, 1)))));
    }
    const fixes = fixesOf(sources.map(({ input }) => input), { tokens, rows, places, rules }, base);
    for (const [donor, targets] of fixes.copies) {
      for (const [target, ids] of targets) inPieces(ids, (index) => ops.indexCopyInPlace(aligned[target]!, 0, index, ops.indexSelect(aligned[donor]!, 0, index)));
    }
    for (const { present, absent, ids } of fixes.means.values()) {
      inPieces(ids, (index) => {
        const sum = present.map((place) => ops.indexSelect(aligned[place]!, 0, index)).reduce((total, each) => ops.add(total, each));
        const mean = ops.divScalar(sum, present.length);
        for (const place of absent) ops.indexCopyInPlace(aligned[place]!, 0, index, mean);
      });
    }
    for (const [target, ids] of fixes.zeros) inPieces(ids, (index) => ops.indexCopyInPlace(aligned[target]!, 0, index, zeros([index.size, ...aligned[target]!.shape.slice(1)], { dtype: aligned[target]!.dtype })));
    for (const { id, targets } of fixes.singles) {
      const row = singles.get(id);
      if (!row) throw new MergeError('merge-token-unknown', `merge: the embedding of token ${id} is to come from an input that has no weight of this name`, { token: id });
      noGrad(() => scope(() => targets.forEach((target) => ops.indexCopyInPlace(aligned[target]!, 0, indices([id]), row))));
    }
    if (rows > tokens) {
      for (const each of aligned) noGrad(() => scope(() => void ops.copyInPlace(ops.narrow(each, 0, tokens, rows - tokens), ops.mean(ops.narrow(each, 0, 0, tokens), 0, true))));
    }
    return aligned;
  } catch (error) {
    for (const each of aligned) each.dispose();
    throw error;
  } finally {
    for (const each of singles.values()) each.dispose();
  }
}

interface Fixes {
  /** Rows to copy: from a source, to sources, which ids. */
  readonly copies: Map<number, Map<number, number[]>>;
  /** By which sources have the token. */
  readonly means: Map<string, { present: number[]; absent: number[]; ids: number[] }>;
  readonly zeros: Map<number, number[]>;
  readonly singles: { id: number; targets: number[] }[];
}

/** Which rows of which source (by its place in the list) are not its own, and where they come from. */
function fixesOf(inputs: readonly number[], { tokens, places, rules }: Pick<MergedVocabulary, 'tokens' | 'rows' | 'places' | 'rules'>, base: number | undefined): Fixes {
  const fixes: Fixes = { copies: new Map(), means: new Map(), zeros: new Map(), singles: [] };
  const all = inputs.map((_, place) => place);
  const copy = (donor: number, targets: readonly number[], id: number): void => {
    const byTarget = fixes.copies.get(donor) ?? new Map<number, number[]>();
    fixes.copies.set(donor, byTarget);
    for (const target of targets) if (target !== donor) append(byTarget, target, id);
  };
  const baseAt = base === undefined ? -1 : inputs.indexOf(base);
  for (let id = 0; id < tokens; id += 1) {
    const present = all.filter((place) => places[inputs[place]!]![id]! >= 0);
    const rule = rules.get(id);
    const targets = rule?.force ? all : all.filter((place) => !present.includes(place));
    if (targets.length === 0) continue;
    if (rule?.source.kind === 'row') fixes.singles.push({ id, targets: [...targets] });
    else if (rule?.source.kind === 'input') {
      const donor = inputs.indexOf(rule.source.input);
      if (donor < 0) throw new MergeError('merge-token-unknown', `merge: the embedding of token ${id} is to come from an input that has no weight of this name`, { token: id });
      copy(donor, targets, id);
    } else if (rule || present.length === 0) targets.forEach((target) => append(fixes.zeros, target, id));
    else if (present.length === 1) copy(present[0]!, targets, id);
    else if (present.includes(baseAt)) copy(baseAt, targets, id);
    else {
      const key = present.join();
      const group = fixes.means.get(key) ?? { present, absent: targets, ids: [] };
      fixes.means.set(key, group);
      group.ids.push(id);
    }
  }
  return fixes;
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function inPieces(ids: readonly number[], move: (index: Tensor) => unknown): void {
  for (let begin = 0; begin < ids.length; begin += rowsAtOnce) noGrad(() => scope(() => void move(indices(ids.slice(begin, begin + rowsAtOnce)))));
}

function indices(ids: readonly number[]): Tensor {
  return tensor(BigInt64Array.from(ids, BigInt));
}
