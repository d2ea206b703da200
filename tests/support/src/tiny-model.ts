import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bfloat16FromFloat32, writeSafetensors } from '@tunesmith/checkpoints';

export interface TinyModelOptions {
  readonly seed?: number;
  readonly hiddenSize?: number;
  readonly layers?: number;
}

/**
 * Writes a whole Hugging Face folder of a random Llama model that every part of the platform can handle: a byte-level
 * tokenizer with a few merges, ChatML markers, a chat template, bfloat16 weights. About 200 kB; sizes divide by the
 * quantization block of 32.
 */
export async function writeTinyModel(folder: string, { seed = 1, hiddenSize = 64, layers = 2 }: TinyModelOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tokenizer = byteLevelTokenizer();
  const vocabularySize = Object.keys(tokenizer.model.vocab).length;
  const [startId, endId] = [vocabularySize - 2, vocabularySize - 1];
  const intermediateSize = hiddenSize * 2;
  const keyValueSize = hiddenSize / 2;
  const random = gaussian(seed);

  const config = {
    architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: vocabularySize, hidden_size: hiddenSize, intermediate_size: intermediateSize,
    num_hidden_layers: layers, num_attention_heads: 4, num_key_value_heads: 2, hidden_act: 'silu', max_position_embeddings: 2048, rms_norm_eps: 1e-5,
    rope_theta: 10000, attention_bias: false, mlp_bias: false, tie_word_embeddings: true, torch_dtype: 'bfloat16', bos_token_id: startId, eos_token_id: endId,
  };
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocabularySize, hiddenSize]], ['model.norm.weight', [hiddenSize]]];
  for (let layer = 0; layer < layers; layer += 1) {
    const path = `model.layers.${layer}`;
    shapes.push(
      [`${path}.input_layernorm.weight`, [hiddenSize]], [`${path}.post_attention_layernorm.weight`, [hiddenSize]],
      [`${path}.self_attn.q_proj.weight`, [hiddenSize, hiddenSize]], [`${path}.self_attn.k_proj.weight`, [keyValueSize, hiddenSize]],
      [`${path}.self_attn.v_proj.weight`, [keyValueSize, hiddenSize]], [`${path}.self_attn.o_proj.weight`, [hiddenSize, hiddenSize]],
      [`${path}.mlp.gate_proj.weight`, [intermediateSize, hiddenSize]], [`${path}.mlp.up_proj.weight`, [intermediateSize, hiddenSize]],
      [`${path}.mlp.down_proj.weight`, [hiddenSize, intermediateSize]],
    );
  }
  const entries = shapes.map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const scale = 1 / Math.sqrt(shape[1] ?? 1);
    const values = Float32Array.from({ length: count }, () => (shape.length === 1 ? 1 : random() * scale));
    const half = bfloat16FromFloat32(values);
    return { name, dtype: 'BF16', shape, bytes: new Uint8Array(half.buffer, half.byteOffset, half.byteLength) };
  });

  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await Promise.all([
    writeSafetensors(join(folder, 'model.safetensors'), entries),
    writeFile(join(folder, 'config.json'), json(config)),
    writeFile(join(folder, 'generation_config.json'), json({ bos_token_id: startId, eos_token_id: endId })),
    writeFile(join(folder, 'tokenizer.json'), json(tokenizer)),
    writeFile(join(folder, 'tokenizer_config.json'), json({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<|im_start|>', eos_token: '<|im_end|>', chat_template: chatTemplate })),
    writeFile(join(folder, 'chat_template.jinja'), chatTemplate),
  ]);
}

const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

function byteLevelTokenizer() {
  const merges = ['t h', 'th e', 'a n', 'i n', 'o u', 'e r', 'Ġ a', 'Ġ t'];
  const tokens = [...byteAlphabet(), ...merges.map((merge) => merge.replace(' ', ''))];
  const special = ['<|im_start|>', '<|im_end|>'];
  const vocab = Object.fromEntries([...tokens, ...special].map((token, id) => [token, id]));
  return {
    version: '1.0', truncation: null, padding: null,
    added_tokens: special.map((content) => ({ id: vocab[content]!, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges },
  };
}

/** GPT-2's printable stand-ins for the 256 bytes, in byte order of its vocabulary: printable ones first. */
function byteAlphabet(): string[] {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !printable(byte));
  return [...bytes.filter(printable).map((byte) => String.fromCharCode(byte)), ...others.map((_, index) => String.fromCharCode(256 + index))];
}

/** Box and Muller over a small counter generator: the same weights on every machine. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
