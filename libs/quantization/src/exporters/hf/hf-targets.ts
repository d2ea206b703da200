import type { PackedFormat } from './packed-format.js';

/** A Hugging Face folder with packed linears. */
export interface HfTarget {
  /** As in `hf/rtn-int4`. */
  readonly name: string;
  /** Of `methods`. */
  readonly method: string;
  readonly bits: 3 | 4 | 8;
  readonly symmetric: boolean;
  /** Null: a scale for each row. */
  readonly groupSize: number | null;
  /** Where none is asked for. */
  readonly format: PackedFormat['name'];
  /** Inputs are rounded to int8 for each token as well; fixes format and groups. */
  readonly roundsInputs?: true;
}

const groups = { symmetric: true, groupSize: 128 } as const;

/** All of them. */
export const hfTargets: readonly HfTarget[] = [
  { name: 'rtn-int4', method: 'rtn', bits: 4, ...groups, format: 'compressed-tensors' },
  { name: 'rtn-int8', method: 'rtn', bits: 8, ...groups, format: 'compressed-tensors' },
  { name: 'gptq-int4', method: 'gptq', bits: 4, ...groups, format: 'gptq' },
  { name: 'gptq-int8', method: 'gptq', bits: 8, ...groups, format: 'gptq' },
  { name: 'gptq-int3', method: 'gptq', bits: 3, ...groups, format: 'gptq' },
  { name: 'awq-int4', method: 'awq', bits: 4, symmetric: false, groupSize: 128, format: 'compressed-tensors' },
  { name: 'hqq-int4', method: 'hqq', bits: 4, symmetric: false, groupSize: 64, format: 'compressed-tensors' },
  { name: 'w8a8', method: 'w8a8', bits: 8, symmetric: true, groupSize: null, format: 'compressed-tensors', roundsInputs: true },
];
