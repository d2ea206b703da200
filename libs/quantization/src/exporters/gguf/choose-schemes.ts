import { f16 } from '../../schemes/f16.js';
import { f32 } from '../../schemes/f32.js';
import type { GgufScheme } from '../../schemes/gguf-scheme.js';
import { q3_k } from '../../schemes/q3_k.js';
import { q4_0 } from '../../schemes/q4_0.js';
import { q4_1 } from '../../schemes/q4_1.js';
import { q4_k } from '../../schemes/q4_k.js';
import { q5_0 } from '../../schemes/q5_0.js';
import { q5_1 } from '../../schemes/q5_1.js';
import { q5_k } from '../../schemes/q5_k.js';
import { q6_k } from '../../schemes/q6_k.js';
import { q8_0 } from '../../schemes/q8_0.js';
import type { Fallback } from '../file-content.js';
import type { GgufFileType } from './file-types.js';

/** A tensor of the file, slowest dimension first. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What the rules ask of a model. */
export interface MixedModel {
  readonly architecture: string;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** 0 where there are none. */
  readonly experts: number;
  /** Whether an importance matrix is used. */
  readonly importance: boolean;
}

/**
 * The scheme of each tensor in a file of this type, by the rules of llama.cpp (src/llama-quant.cpp: `llama_tensor_get_type_impl` for the mixes,
 * `tensor_type_fallback` for rows that are no whole blocks), so that a file has the sizes and the quality that its name promises. Vectors and what
 * decides by small differences stay float32, as its converter has them.
 */
export function chooseSchemes(fileType: GgufFileType, tensors: readonly TensorToWrite[], model: MixedModel): { schemes: ReadonlyMap<string, GgufScheme>; fallbacks: readonly Fallback[] } {
  const schemes = new Map<string, GgufScheme>();
  const fallbacks: Fallback[] = [];
  const isQuantized = fileType.scheme.blockElements > 1;
  const mix = new Mix(fileType, tensors, model);
  // Some rules count the tensors of a kind as they come, in this order.
  for (const { name, shape } of tensors.toSorted(byLayer)) {
    if (staysFloat(name, shape)) {
      schemes.set(name, f32);
      continue;
    }
    const wanted = isQuantized ? mix.schemeOf(name) : fileType.scheme;
    const columns = shape.at(-1)!;
    const used = fitting(wanted, columns);
    if (used !== wanted) fallbacks.push({ tensor: name, columns, wanted: wanted.gguf.type, used: used.gguf.type });
    schemes.set(name, used);
  }
  return { schemes, fallbacks };
}

/** What llama.cpp's converter writes in float32, and its quantizer then leaves alone. */
function staysFloat(name: string, shape: readonly number[]): boolean {
  if (shape.slice(0, -1).every((size) => size === 1)) return true;
  return !name.endsWith('weight') || /_norm\.weight$|ffn_gate_inp\.weight$|^position_embd\.weight$|attn_rel_b\.weight$/.test(name);
}

function layerOf(name: string): number {
  return Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
}

function byLayer(a: TensorToWrite, b: TensorToWrite): number {
  return layerOf(a.name) - layerOf(b.name) || (a.name < b.name ? -1 : 1);
}

/** By the 256 elements of their blocks: what is taken where rows are no multiple of that. */
const narrower: ReadonlyMap<string, GgufScheme> = new Map([
  ['q2_k', q4_0],
  ['q3_k', q4_0],
  ['q4_k', q5_0],
  ['q5_k', q5_1],
  ['q6_k', q8_0],
]);

function fitting(wanted: GgufScheme, columns: number): GgufScheme {
  if (columns % wanted.blockElements === 0) return wanted;
  const other = narrower.get(wanted.name);
  return other !== undefined && columns % other.blockElements === 0 ? other : f16;
}

const attentionValue = /attn_(?:qkv|kv_b|v)\.weight/;

class Mix {
  readonly #values: number;
  readonly #tied: boolean;
  #valuesSeen = 0;
  #downsSeen = 0;

  constructor(
    private readonly fileType: GgufFileType,
    tensors: readonly TensorToWrite[],
    private readonly model: MixedModel,
  ) {
    this.#values = tensors.filter(({ name }) => attentionValue.test(name)).length;
    this.#tied = !tensors.some(({ name }) => name === 'output.weight');
  }

  schemeOf(name: string): GgufScheme {
    const { scheme } = this.fileType;
    if (name === 'output.weight' || (this.#tied && name === 'token_embd.weight')) return scheme === q8_0 ? q8_0 : q6_k;
    if (name === 'token_embd.weight') return scheme;
    if (attentionValue.test(name)) return this.#attentionValue();
    if (name.includes('attn_k.weight')) return this.model.experts === 8 ? q8_0 : scheme;
    if (name.includes('ffn_down')) return this.#down(name);
    if (name.includes('attn_output.weight')) return this.#attentionOutput();
    return scheme;
  }

  #attentionValue(): GgufScheme {
    const { fileType, model } = this;
    const seen = this.#valuesSeen;
    this.#valuesSeen += 1;
    if (model.experts === 8) return q8_0;
    const shared = model.heads >= 4 * model.keyValueHeads;
    const rules: Readonly<Record<string, () => GgufScheme>> = {
      q2_k: () => (shared ? q4_k : q3_k),
      q3_k_m: () => (seen < 2 ? q5_k : q4_k),
      q3_k_l: () => q5_k,
      q4_k_s: () => (seen < 4 ? q5_k : q4_k),
      q4_k_m: () => (wantsMoreBits(seen, this.#values) ? q6_k : q4_k),
      q5_k_m: () => (wantsMoreBits(seen, this.#values) ? q6_k : q5_k),
      iq4_nl: () => (shared ? q5_k : fileType.scheme),
    };
    const chosen = rules[fileType.name]?.() ?? fileType.scheme;
    // Of the models that llama.cpp calls 70B eight heads share one matrix, so finer ones cost little.
    const is70B = model.layers === 80 && (model.architecture === 'qwen2' || (model.architecture === 'llama' && model.heads !== model.keyValueHeads));
    return is70B && (chosen === q3_k || chosen === q4_k) ? q5_k : chosen;
  }

  #down(name: string): GgufScheme {
    const { fileType, model } = this;
    const layer = model.experts > 1 ? layerOf(name) : this.#downsSeen;
    this.#downsSeen += 1;
    const eighth = Math.floor(model.layers / 8);
    const rules: Readonly<Record<string, () => GgufScheme>> = {
      q2_k: () => q3_k,
      q3_k_m: () => (layer < Math.floor(model.layers / 16) ? q5_k : q4_k),
      q3_k_l: () => q5_k,
      q4_k_s: () => (layer < eighth ? q5_k : q4_k),
      q4_k_m: () => (wantsMoreBits(layer, model.layers) ? q6_k : q4_k),
      q5_k_m: () => (wantsMoreBits(layer, model.layers) ? q6_k : q5_k),
      iq4_nl: () => (layer < eighth && !model.importance ? q5_k : fileType.scheme),
      q4_0: () => (layer < eighth && model.importance ? q4_1 : q4_0),
      q5_0: () => (layer < eighth && model.importance ? q5_1 : q5_0),
    };
    return rules[fileType.name]?.() ?? fileType.scheme;
  }

  #attentionOutput(): GgufScheme {
    const { name, scheme } = this.fileType;
    if (this.model.experts === 8) return ['q2_k', 'q3_k_s', 'q3_k_m', 'iq4_nl', 'q4_k_s', 'q4_k_m'].includes(name) ? q5_k : scheme;
    const rules: Readonly<Record<string, GgufScheme>> = { q2_k: q3_k, q3_k_m: q4_k, q3_k_l: q5_k };
    return rules[name] ?? scheme;
  }
}

/** The first eighth of the layers, the last, and every third between. */
function wantsMoreBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}
