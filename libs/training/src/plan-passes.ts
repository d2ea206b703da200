import { bestFit, permutation } from '@tunesmith/datasets';
import type { Example } from './objective.js';
import { tokensOf } from './tokens-of.js';
import type { TrainOptions } from './train-options.js';

/** Which examples every step takes; a function of the step's number alone, so nothing has to be kept to resume. */
export interface Passes {
  /** Optimizer steps of the whole training. */
  readonly steps: number;
  /** Of packs: the tokens in them as a share of what they could hold. */
  readonly fill?: number;
  /** The passes forward and backward of a step, from 0, and the examples of each. */
  of(step: number): Example[][];
}

export type PassOptions = Pick<TrainOptions, 'batch' | 'accumulate' | 'epochs' | 'steps' | 'order' | 'seed' | 'packing' | 'maxLength'>;

/** Cuts the examples of all epochs into passes of `batch` examples, or packs, and steps of `accumulate` passes; the last step of an epoch may have fewer. */
export function planPasses(examples: readonly Example[], options: PassOptions): Passes {
  const { batch, accumulate, epochs, steps, order, seed } = options;
  const packs = options.packing ? packsOf(examples, options) : undefined;
  const units = packs?.count ?? examples.length;
  const perStep = batch * accumulate;
  const perEpoch = Math.ceil(units / perStep);
  // A draw sorts the whole epoch, so the steps of one share it.
  const drawn = ofLastEpoch((epoch) => (order === 'file' ? Array.from({ length: units }, (_, place) => place) : permutation(units, seed, epoch)));
  return {
    steps: steps ?? Math.max(1, Math.round(perEpoch * epochs)),
    ...(packs && { fill: packs.fill }),
    of(step) {
      const epoch = Math.floor(step / perEpoch);
      const start = (step % perEpoch) * perStep;
      const made = packs?.epoch(epoch);
      const taken = drawn(epoch).slice(start, start + perStep).map((place) => made?.[place] ?? [examples[place]!]);
      return Array.from({ length: Math.ceil(taken.length / batch) }, (_, pass) => taken.slice(pass * batch, (pass + 1) * batch).flat());
    },
  };
}

interface Packs {
  /** The same in every epoch. */
  readonly count: number;
  readonly fill: number;
  epoch(epoch: number): readonly Example[][];
}

/** Rows that are packed together at most, where the order of the file is kept: far enough for full packs, near enough to keep the order. */
const fileWindow = 1024;

/**
 * Packs of maxLength tokens at most, by best fit over the whole epoch; which of several examples of one length goes where is drawn anew for each
 * epoch. In the file's order the packs are made of one stretch of the file after another, and ordered by their first row. An example longer than
 * maxLength by itself (both answers of a preference, a source and its target) sets the size of the packs.
 */
function packsOf(examples: readonly Example[], { maxLength, order, seed }: Pick<PassOptions, 'maxLength' | 'order' | 'seed'>): Packs {
  const capacity = examples.reduce((most, { tokens }) => Math.max(most, tokens), maxLength);
  const pack = (drawn: readonly number[]): Example[][] =>
    bestFit(drawn.map((index) => examples[index]!.tokens), capacity).map((bin) => bin.map((place) => drawn[place]!).sort((left, right) => left - right).map((index) => examples[index]!));

  const inOrder = [...examples.keys()];
  const windows = Array.from({ length: Math.ceil(examples.length / fileWindow) }, (_, window) => inOrder.slice(window * fileWindow, (window + 1) * fileWindow));
  const made = (epoch: number): Example[][] =>
    order === 'file' ? windows.flatMap((window) => pack(window).sort(([left], [right]) => left!.index - right!.index)) : pack(permutation(examples.length, seed, epoch));

  const epoch = ofLastEpoch(made);
  const count = epoch(0).length;
  return { count, fill: tokensOf(examples) / (count * capacity), epoch };
}

/** What belongs to an epoch, made once for all steps of it. */
function ofLastEpoch<Value>(make: (epoch: number) => Value): (epoch: number) => Value {
  let last: { readonly epoch: number; readonly value: Value } | undefined;
  return (epoch) => {
    if (last?.epoch !== epoch) last = { epoch, value: make(epoch) };
    return last.value;
  };
}
