import type { EncodedRow } from '@tunesmith/datasets';
import { dtypeBytes, type DType } from '@tunesmith/tensor';
import { QuantizationError } from '../../quantization-error.js';
import type { SourceModel } from '../source-model.js';
import { modelDtype } from './model-dtype.js';
import type { LayerPlan } from './plan-linears.js';

const gibibyte = 2 ** 30;

/** What calibrating takes. Plain JSON. */
export type CalibrationBudget = {
  /** Of those that were given, the first ones that fit. */
  rows: number;
  tokens: number;
  /** The most tensor memory that is in use at once, worked out beforehand: the rows' activations in a layer, its weights, and the second moments of its widest input. */
  plannedBytes: number;
};

/** The type that activations have: the model's own; float16, which processors compute slowly in, becomes float32. */
export function computeDtype(source: SourceModel): Extract<DType, 'float32' | 'bfloat16'> {
  return modelDtype(source) === 'bfloat16' ? 'bfloat16' : 'float32';
}

/**
 * The calibration rows that fit into `budgetGibibytes`, and what they take. Throws QuantizationError `calibration-too-small` where they have fewer tokens than the model's width, below
 * which the second moments of its inputs say nothing certain, and `memory-too-small` where not even those fit. `beside`: the model as it is reads them too.
 */
export function calibrationBudget(source: SourceModel, plan: LayerPlan<unknown>, rows: readonly EncodedRow[], budgetGibibytes: number, { beside = false }: { readonly beside?: boolean | undefined } = {}): { kept: readonly EncodedRow[]; budget: CalibrationBudget } {
  const need = memoryNeed(source, plan, beside);
  const width = Math.min(...plan.linears.map(({ shape }) => shape[1]));
  const given = rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  if (given < width) {
    const more = rows.length > 0 ? Math.ceil((width * rows.length) / given) : undefined;
    throw new QuantizationError({
      code: 'calibration-too-small',
      message: `the rows to calibrate on have ${given} tokens in ${rows.length} rows; a model of width ${width} needs at least ${width} tokens${more === undefined ? '' : `, about ${more} such rows`}, better ten times as many. Give a larger dataset, with rows of the split "train".`,
      facts: { tokens: given, rows: rows.length, neededTokens: width, neededRows: more },
    });
  }
  const kept: EncodedRow[] = [];
  let tokens = 0;
  for (const row of rows) {
    if (need(tokens + row.tokenIds.length) > budgetGibibytes * gibibyte) break;
    kept.push(row);
    tokens += row.tokenIds.length;
  }
  if (tokens >= width) return { kept, budget: { rows: kept.length, tokens, plannedBytes: need(tokens) } };
  throw new QuantizationError({
    code: 'memory-too-small',
    message: `calibrating on ${width} tokens, the least that a model of this width needs, takes ${(need(width) / gibibyte).toFixed(1)} GiB; the budget is ${budgetGibibytes} GiB. Give more memory, or choose a target that does not calibrate.`,
    facts: { tokens: width, bytes: need(width), budgetGibibytes },
  });
}

/** Bytes for so many tokens. What a layer makes is counted as if all of it were there at its end, as it is. */
function memoryNeed(source: SourceModel, { linears, kept }: LayerPlan<unknown>, beside: boolean): (tokens: number) => number {
  const { family, config } = source;
  const element = dtypeBytes[computeDtype(source)];
  const tables = family.weights.tensors(config).filter(({ shape, gguf }) => shape.length === 2 && /^(?:token_embd|position_embd)\./.test(gguf));
  const hidden = tables[0]!.shape[1]!;
  const tableBytes = tables.reduce((sum, { shape }) => sum + shape[0]! * shape[1]! * element, 0);
  const layer = [...linears, ...kept].filter((each) => each.layer === 0);
  const sum = (of: (shape: readonly [number, number]) => number) => layer.reduce((total, { shape }) => total + of(shape), 0);
  const largest = (of: (shape: readonly [number, number]) => number) => Math.max(...layer.map(({ shape }) => of(shape)));
  const outputs = sum(([rows]) => rows);
  const weights = sum(([rows, columns]) => rows * columns);
  const widest = largest(([, columns]) => columns);
  // A weight in float32, and beside the largest of them its turned copy, its errors, its levels and what they stand for; the second moments, their sorted copy, what they are decomposed into and its inverse.
  const rounding = 4 * weights + 24 * largest(([rows, columns]) => rows * columns) + 6 * 4 * widest ** 2;
  // Of the model as it is: what its layers are given, what its linears are given (as if each had an input of its own), and in float32 what the sum lacks; and the weight that is wanted.
  const ofToken = beside ? element * (hidden + sum(([, columns]) => columns)) + 4 * hidden : 0;
  const ofWeight = beside ? 4 * largest(([rows, columns]) => rows * columns) : 0;
  return (tokens) => Math.max(tableBytes + (beside ? 3 : 2) * tokens * hidden * element, tokens * (element * (8 * hidden + 3 * outputs + 2 * widest) + ofToken) + 1024 * widest * 4 + rounding + ofWeight);
}
