import { isOutputHead } from '@tunesmith/nn';
import { modulePatterns } from './module-patterns.js';
import { turned } from '../turned.js';
import { integers } from './compressed-tensors.js';
import { floatEntry } from './float-tensors.js';
import { packLevels } from './pack-levels.js';
import type { PackedFormat } from './packed-format.js';

/**
 * The checkpoint format of AutoGPTQ, version 1 (read by GPTQModel, vLLM, transformers with one of them): levels packed along the inputs, [in, out]; zero points packed along the
 * outputs and stored less one, so that a zero point of 0 has no place in it; float16 scales.
 */
export const gptqFormat: PackedFormat = {
  name: 'gptq',
  takesConv1d: true,
  takesOrderedGroups: true,
  leastZero: 1,
  scaleDtype: () => 'float16',
  fits: (rows, columns, bits) => (rows * bits) % 32 === 0 && (columns * bits) % 32 === 0,
  tensors(path, { grid, shape: [rows, columns], levels, scales, zeros, groupOf }) {
    const groups = scales.length / rows;
    const size = columns / groups;
    const storedZeros = turned(zeros, rows, groups).map((zero) => zero - 1); // [groups, out]
    const zeroWords = (rows * grid.bits) / 32;
    const packedZeros = new Int32Array(groups * zeroWords);
    for (let group = 0; group < groups; group += 1) packedZeros.set(packLevels(storedZeros.subarray(group * rows, (group + 1) * rows), grid.bits, rows, 1), group * zeroWords);
    return [
      integers(`${path}.qweight`, [(columns * grid.bits) / 32, rows], packLevels(turned(levels, rows, columns), grid.bits, columns, rows)),
      integers(`${path}.qzeros`, [groups, zeroWords], packedZeros),
      floatEntry(`${path}.scales`, [groups, rows], turned(scales, rows, groups), 'float16'),
      integers(`${path}.g_idx`, [columns], groupOf ?? Int32Array.from({ length: columns }, (_, column) => Math.floor(column / size))),
    ];
  },
  configuration({ linears, ignored }, { bits, symmetric, groupSize, method, settings }) {
    const sizeOf = (size: number | null) => size ?? -1;
    const patterns = modulePatterns(linears.map(({ path, grid }) => [path, grid.groupSize] as const));
    const others = [...patterns].filter(([size]) => size !== groupSize).flatMap(([size, paths]) => paths.map((path) => [`+:${path}`, { bits, group_size: sizeOf(size) }]));
    const kept = ignored.filter((path) => !isOutputHead(path)).map((path) => [`-:${path.replaceAll('.', '\\.')}$`, {}]);
    return {
      quant_method: 'gptq',
      bits,
      group_size: sizeOf(groupSize),
      desc_act: method === 'gptq' && settings.actOrder === 'group',
      static_groups: method === 'gptq' && settings.actOrder === 'static',
      sym: symmetric,
      ...(method === 'gptq' && { damp_percent: settings.damping, true_sequential: true }),
      lm_head: false,
      checkpoint_format: 'gptq',
      pack_dtype: 'int32',
      ...(others.length + kept.length > 0 && { dynamic: Object.fromEntries([...others, ...kept]) }),
      meta: { quantizer: ['tunesmith:0.1.0'] },
    };
  },
};
