import type { WeightName } from '@tunesmith/models';
import { Embedding, isOutputHead, Linear, plainParts } from '@tunesmith/nn';
import { empty, scope } from '@tunesmith/tensor';
import type { IntegerGrid } from '../../methods/integer-grid.js';
import { QuantizationError } from '../../quantization-error.js';
import type { Fallback } from '../file-content.js';
import type { SourceModel } from '../source-model.js';
import type { PackedFormat } from './packed-format.js';

/** A linear of a layer. */
export interface LayerMatrix {
  readonly path: string;
  /** What it is for, in the words of GGUF: `attn_q`. */
  readonly role: string;
  readonly layer: number;
  readonly shape: readonly [rows: number, columns: number];
  /** Published as [in, out]. */
  readonly transposed: boolean;
}

/** One that becomes levels. */
export interface PlannedLinear<Grid = IntegerGrid> extends LayerMatrix {
  readonly grid: Grid;
}

/** The linears of layers. */
export interface LayerPlan<Grid = IntegerGrid> {
  /** Those that are worked on. */
  readonly linears: readonly PlannedLinear<Grid>[];
  /** Those that no grid fits. */
  readonly kept: readonly LayerMatrix[];
}

/** Which matrices of a model become levels, and how. */
export interface LinearPlan extends LayerPlan {
  /** Paths of all linears that stay as they are: the output head, routers, and what no grid fits. */
  readonly ignored: readonly string[];
  readonly fallbacks: readonly Fallback[];
}

const smallerGroups = [128, 64, 32] as const;

/**
 * Every linear of the decoder's layers, found by building the family: no embedding, no router, no output head. Where the groups do not divide the columns, smaller ones are taken, else
 * one for the whole row; what does not fill the format's words stays as it is. Each is a fallback.
 * Throws QuantizationError `format-without-conv1d`, `encoder-decoder-not-packed`, `nothing-to-quantize`.
 */
export function planLinears(model: SourceModel, format: PackedFormat, wished: IntegerGrid): LinearPlan {
  const { family } = model;
  // transformers 5.19 looks for the weights of an encoder-decoder's linears while it loads them, and packed ones have none by that name.
  if (family.decoderStartTokenId) {
    throw new QuantizationError({ code: 'encoder-decoder-not-packed', message: `${family.name} is an encoder-decoder, whose packed linears transformers does not load; such folders are written of decoders. Choose onnx/int8, onnx/int4 or a GGUF target.`, facts: { family: family.name } });
  }
  const built = linearPaths(model);
  const linears: PlannedLinear[] = [];
  const kept: LayerMatrix[] = [];
  // transformers has the head under the first name in every family, tied or not; files and other clients may have another.
  const ignored = [...new Set(['lm_head', ...built.filter(isOutputHead)])];
  const fallbacks: Fallback[] = [];
  const paths = new Set(built);
  for (const { matrix } of layerMatrices(model)) {
    const { path, shape: [rows, columns], transposed } = matrix;
    if (!paths.has(path)) {
      ignored.push(path);
      continue;
    }
    if (transposed && !format.takesConv1d) {
      throw new QuantizationError({ code: 'format-without-conv1d', message: `${path} is a Conv1D, which ${format.name} has no form for. Choose the format gptq for ${family.name}.`, facts: { family: family.name, format: format.name } });
    }
    const grid = format.fits(rows, columns, wished.bits) ? gridFor(wished, columns) : undefined;
    if (grid === undefined) ignored.push(path);
    if (grid?.groupSize !== wished.groupSize) fallbacks.push({ tensor: path, wanted: gridText(wished), used: grid ? gridText(grid) : 'what it was', columns });
    if (grid) linears.push({ ...matrix, grid });
    else kept.push(matrix);
  }
  if (linears.length > 0) return { linears, kept, ignored, fallbacks };
  throw new QuantizationError({ code: 'nothing-to-quantize', message: `no linear of the model can be written in ${format.name} with ${wished.bits} bits: rows and columns must fill 32-bit words. Choose compressed-tensors.`, facts: { format: format.name, bits: wished.bits } });
}

/** Every matrix of a layer, linear or not, and its weight. */
export function layerMatrices({ family, config }: SourceModel): { matrix: LayerMatrix; weight: WeightName }[] {
  return family.weights.tensors(config).flatMap((weight) => {
    const { huggingFace, gguf, shape, stored } = weight;
    const place = /^blk\.(\d+)\.(.*)\.weight$/.exec(gguf);
    if (shape.length !== 2 || place === null || !huggingFace.endsWith('.weight')) return [];
    const [rows = 0, columns = 0] = shape;
    return [{ weight, matrix: { path: huggingFace.replace(/\.weight$/, ''), role: place[2]!, layer: Number(place[1]), shape: [rows, columns], transposed: stored === 'transposed' } }];
  });
}

function gridFor(wished: IntegerGrid, columns: number): IntegerGrid {
  const { groupSize } = wished;
  if (groupSize === null || columns % groupSize === 0) return wished;
  return { ...wished, groupSize: smallerGroups.find((size) => size < groupSize && columns % size === 0) ?? null };
}

function gridText({ bits, groupSize }: IntegerGrid): string {
  return groupSize === null ? `int${bits} with a scale for each row` : `int${bits} in groups of ${groupSize}`;
}

/** What the family builds by `parts.linear`. No weight is allocated. */
export function linearPaths({ family, config }: SourceModel): string[] {
  const paths: string[] = [];
  scope(() => {
    const plain = plainParts({ dtype: 'float32' });
    family.build(config, {
      ...plain,
      linear: (path, inFeatures) => {
        paths.push(path);
        return new Linear(path, empty([0, inFeatures]));
      },
      embedding: (path, _count, size) => new Embedding(path, empty([0, size])),
    });
  });
  return paths;
}
