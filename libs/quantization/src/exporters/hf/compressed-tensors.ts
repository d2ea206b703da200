import type { SafetensorsEntry } from '@tunesmith/checkpoints';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import { floatEntry } from './float-tensors.js';
import { modulePatterns } from './module-patterns.js';
import { packLevels } from './pack-levels.js';
import type { FormatContent, PackedFormat } from './packed-format.js';

/**
 * compressed-tensors (0.20; read by transformers and vLLM). Weights alone: `pack-quantized`, levels of a row packed into words, zero points packed over the rows; with inputs
 * rounded too: `int-quantized`, int8 as they are.
 */
export const compressedTensors: PackedFormat = {
  name: 'compressed-tensors',
  takesConv1d: false,
  // 0.20 no longer reads a list of groups.
  takesOrderedGroups: false,
  leastZero: 0,
  scaleDtype: (model) => model,
  // The last word of a row is filled up.
  fits: () => true,
  tensors: (path, matrix, { roundsInputs }) => (roundsInputs ? plainTensors : packedTensors)(path, matrix),
  configuration({ linears, ignored }, content) {
    const sizes = [...new Set(linears.map(({ grid }) => grid.groupSize))];
    const patterns = modulePatterns(linears.map(({ path, grid }) => [path, grid.groupSize] as const));
    const group = (size: number | null) => ({
      targets: sizes.length === 1 ? ['Linear'] : patterns.get(size)!.map((pattern) => `re:${pattern}`),
      weights: weightArguments(content, size),
      input_activations: content.roundsInputs ? { num_bits: 8, type: 'int', symmetric: true, strategy: 'token', dynamic: true } : null,
      output_activations: null,
    });
    return {
      quant_method: 'compressed-tensors',
      format: content.roundsInputs ? 'int-quantized' : 'pack-quantized',
      quantization_status: 'compressed',
      config_groups: Object.fromEntries(sizes.map((size, index) => [`group_${index}`, group(size)])),
      ignore: [...ignored],
      kv_cache_scheme: null,
      global_compression_ratio: null,
    };
  },
};

function weightArguments({ bits, symmetric, method, settings }: FormatContent, groupSize: number | null): Record<string, unknown> {
  const order = method === 'gptq' && settings.actOrder === 'static' ? { actorder: 'weight' } : {};
  return { num_bits: bits, type: 'int', symmetric, strategy: groupSize === null ? 'channel' : 'group', ...(groupSize !== null && { group_size: groupSize }), dynamic: false, ...order };
}

function packedTensors(path: string, { grid, shape, levels, scales, zeros }: RoundedMatrix): SafetensorsEntry[] {
  const [rows, columns] = shape;
  const groups = scales.length / rows;
  const rowWords = Math.ceil((columns * grid.bits) / 32);
  const words = new Int32Array(rows * rowWords);
  for (let row = 0; row < rows; row += 1) words.set(packLevels(levels.subarray(row * columns, (row + 1) * columns), grid.bits, columns, 1), row * rowWords);
  const entries = [
    integers(`${path}.weight_packed`, [rows, rowWords], words),
    floatEntry(`${path}.weight_scale`, [rows, groups], scales, grid.scaleDtype),
    { name: `${path}.weight_shape`, dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer) },
  ];
  if (!grid.symmetric) entries.push(integers(`${path}.weight_zero_point`, [Math.ceil((rows * grid.bits) / 32), groups], packLevels(zeros, grid.bits, rows, groups)));
  return entries;
}

/** int8: signed levels, a byte each. */
function plainTensors(path: string, { grid, shape, levels, scales }: RoundedMatrix): SafetensorsEntry[] {
  const signed = Int8Array.from(levels, (level) => level - 128);
  return [{ name: `${path}.weight`, dtype: 'I8', shape, bytes: new Uint8Array(signed.buffer) }, floatEntry(`${path}.weight_scale`, [shape[0], 1], scales, grid.scaleDtype)];
}

export function integers(name: string, shape: readonly number[], values: Int32Array): SafetensorsEntry {
  return { name, dtype: 'I32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}
