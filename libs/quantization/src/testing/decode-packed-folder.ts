import { openSafetensors } from '@tunesmith/checkpoints';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: readonly number[];
}

/**
 * Reads a folder with packed linears as its format is described, bit by bit and with nothing of ours but the safetensors reader: a second opinion on what stands in the files. The
 * weight of each packed module, [out, in].
 */
export async function decodePackedFolder(folder: string): Promise<Map<string, Tensor>> {
  const { quantization_config: config } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { quantization_config: Record<string, unknown> };
  await using source = await openSafetensors(folder);
  const names = [...source.names()];
  const read = async (name: string): Promise<Tensor> => {
    const { dtype, shape } = source.info(name);
    const { buffer } = await source.read(name);
    const arrays: Record<string, () => Iterable<number | bigint>> = {
      I8: () => new Int8Array(buffer),
      I32: () => new Int32Array(buffer),
      I64: () => new BigInt64Array(buffer),
      F16: () => new Float16Array(buffer),
      F32: () => new Float32Array(buffer),
      BF16: () => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer),
    };
    return { shape, values: Array.from(arrays[dtype]!(), Number) };
  };
  const decoded = new Map<string, Tensor>();
  for (const name of names) {
    const module = name.replace(/\.(?:qweight|weight_packed|weight)$/, '');
    if (name.endsWith('.qweight')) decoded.set(module, await decodeGptq(Number(config['bits']), (part) => read(`${module}.${part}`)));
    if (name.endsWith('.weight_packed')) {
      const [group] = Object.values(config['config_groups'] as Record<string, { weights: { num_bits: number; symmetric: boolean } }>);
      decoded.set(module, await decodePacked(group!.weights, (part) => read(`${module}.${part}`)));
    }
    if (name.endsWith('.weight') && source.info(name).dtype === 'I8') {
      const [levels, scale] = [await read(name), await read(`${module}.weight_scale`)];
      decoded.set(module, { shape: levels.shape, values: levels.values.map((level, at) => level * scale.values[Math.floor(at / levels.shape[1]!)]!) });
    }
  }
  return decoded;
}

/** The number that `bits` bits from bit `from` on are, of words that follow one another lowest bit first. */
function bitsOf(words: readonly number[], from: number, bits: number): number {
  let value = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    const at = from + bit;
    value += ((words[Math.floor(at / 32)]! >>> at % 32) & 1) * 2 ** bit;
  }
  return value;
}

function columnOf({ shape, values }: Tensor, index: number): number[] {
  return Array.from({ length: shape[0]! }, (_, row) => values[row * shape[1]! + index]!);
}

async function decodeGptq(bits: number, read: (part: string) => Promise<Tensor>): Promise<Tensor> {
  const [qweight, qzeros, scales, groupOf] = [await read('qweight'), await read('qzeros'), await read('scales'), await read('g_idx')];
  const [outs, ins] = [qweight.shape[1]!, groupOf.shape[0]!];
  const values = new Array<number>(outs * ins);
  for (let o = 0; o < outs; o += 1) {
    const words = columnOf(qweight, o);
    for (let i = 0; i < ins; i += 1) {
      const group = groupOf.values[i]!;
      const zero = bitsOf(qzeros.values.slice(group * qzeros.shape[1]!, (group + 1) * qzeros.shape[1]!), o * bits, bits) + 1;
      values[o * ins + i] = (bitsOf(words, i * bits, bits) - zero) * scales.values[group * outs + o]!;
    }
  }
  return { shape: [outs, ins], values };
}

async function decodePacked({ num_bits: bits, symmetric }: { num_bits: number; symmetric: boolean }, read: (part: string) => Promise<Tensor>): Promise<Tensor> {
  const [packed, scales, shape] = [await read('weight_packed'), await read('weight_scale'), await read('weight_shape')];
  const [outs, ins] = shape.values as [number, number];
  const [words, groups] = [packed.shape[1]!, scales.shape[1]!];
  const zeros = symmetric ? undefined : await read('weight_zero_point');
  const zeroColumns = zeros && Array.from({ length: groups }, (_, group) => columnOf(zeros, group));
  const values = new Array<number>(outs * ins);
  for (let o = 0; o < outs; o += 1) {
    const row = packed.values.slice(o * words, (o + 1) * words);
    for (let i = 0; i < ins; i += 1) {
      const group = Math.floor((i * groups) / ins);
      const zero = zeroColumns ? bitsOf(zeroColumns[group]!, o * bits, bits) : 2 ** (bits - 1);
      values[o * ins + i] = (bitsOf(row, i * bits, bits) - zero) * scales.values[o * groups + group]!;
    }
  }
  return { shape: [outs, ins], values };
}
