import { ModelFolderError } from './errors.js';
import { isPlainObject } from './json-file.js';

/** How the linears of a folder are packed: by the `quantization_config` of its config.json. */
export type WeightPacking =
  | { readonly format: 'gptq'; readonly bits: number; /** What was subtracted from the zero points: 1 in version 1, nothing in version 2. */ readonly zeroOffset: 0 | 1; /** GPT-2's matrices are published as [in, out]. */ readonly transposed: boolean }
  | { readonly format: 'pack-quantized'; readonly bits: number }
  | { readonly format: 'int-quantized' };

/**
 * Reads a `quantization_config`: GPTQ of 2, 3, 4 or 8 bits, compressed-tensors with integers. Undefined where another library packed the weights (its format cannot be read here).
 * Throws ModelFolderError `model-folder-bad-quantization` for one of those two that contradicts itself.
 */
export function weightPacking(config: Readonly<Record<string, unknown>>): WeightPacking | undefined {
  const settings = config['quantization_config'];
  if (!isPlainObject(settings)) return undefined;
  if (settings['quant_method'] === 'gptq') return gptqPacking(settings, config['model_type'] === 'gpt2');
  if (settings['quant_method'] === 'compressed-tensors') return compressedPacking(settings);
  return undefined;
}

function gptqPacking({ bits, checkpoint_format, format, dynamic }: Record<string, unknown>, transposed: boolean): WeightPacking {
  const version = checkpoint_format ?? format ?? 'gptq';
  if (typeof bits !== 'number' || ![2, 3, 4, 8].includes(bits)) throw contradiction(`gptq: bits is ${String(bits)}; expected 2, 3, 4 or 8`);
  if (version !== 'gptq' && version !== 'gptq_v2') throw contradiction(`gptq: the checkpoint format is ${String(version)}; expected gptq or gptq_v2`);
  // Modules may have groups of their own, which their tensors' shapes show; other widths of levels they do not.
  const others = isPlainObject(dynamic) ? Object.values(dynamic).filter((each) => isPlainObject(each) && 'bits' in each && each['bits'] !== bits) : [];
  if (others.length > 0) throw contradiction('gptq: modules with other numbers of bits (dynamic)');
  return { format: 'gptq', bits, zeroOffset: version === 'gptq' ? 1 : 0, transposed };
}

function compressedPacking({ format, config_groups }: Record<string, unknown>): WeightPacking | undefined {
  if (format === 'int-quantized' || format === 'naive-quantized') return { format: 'int-quantized' };
  if (format !== 'pack-quantized') return undefined;
  const weights = isPlainObject(config_groups) ? Object.values(config_groups).map((group) => (isPlainObject(group) && isPlainObject(group['weights']) ? group['weights'] : {})) : [];
  const [bits, ...more] = new Set(weights.map(({ num_bits }) => num_bits));
  if (typeof bits !== 'number' || !Number.isInteger(bits) || bits < 2 || bits > 8 || more.length > 0) throw contradiction(`compressed-tensors: num_bits of all config_groups must be one number from 2 to 8; got ${[bits, ...more].map(String).join(', ')}`);
  return { format, bits };
}

function contradiction(problem: string): ModelFolderError {
  return new ModelFolderError({ code: 'model-folder-bad-quantization', message: `config.json, quantization_config of ${problem}. Give the model before it was quantized, or a GGUF file of it.`, facts: { problem } });
}
