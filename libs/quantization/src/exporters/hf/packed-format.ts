import type { SafetensorsEntry } from '@tunesmith/checkpoints';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { IntegerGrid } from '../../methods/integer-grid.js';
import type { MethodSettings } from '../../methods/rounding-method.js';
import type { LinearPlan } from './plan-linears.js';

/** A way to store levels that clients read. */
export interface PackedFormat {
  readonly name: 'compressed-tensors' | 'gptq';
  /** Whether it stores matrices of GPT-2's kind (Conv1D, published as [in, out]). */
  readonly takesConv1d: boolean;
  /** Whether columns of a group need not stand side by side. */
  readonly takesOrderedGroups: boolean;
  /** The lowest zero point that every reader understands. */
  readonly leastZero: number;
  /** What scales are stored in for a model of this type. */
  scaleDtype(model: IntegerGrid['scaleDtype']): IntegerGrid['scaleDtype'];
  /** Whether [rows, columns] fill whole words. */
  fits(rows: number, columns: number, bits: number): boolean;
  /** What stands in place of `PATH.weight`. */
  tensors(path: string, matrix: RoundedMatrix, content: FormatContent): SafetensorsEntry[];
  /** `quantization_config` of config.json. */
  configuration(plan: LinearPlan, content: FormatContent): Record<string, unknown>;
}

export interface FormatContent {
  readonly method: string;
  readonly bits: number;
  readonly symmetric: boolean;
  readonly groupSize: number | null;
  readonly settings: MethodSettings;
  /** Inputs are rounded to int8 for each token. */
  readonly roundsInputs: boolean;
}
