import { TunesmithError } from '@tunesmith/tensor';
import fc from 'fast-check';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGguf } from './gguf-reader.js';
import { writeGguf } from './gguf-writer.js';
import { openSafetensors } from './safetensors-reader.js';
import { writeSafetensors } from './safetensors-writer.js';
import type { TensorSource } from './tensor-source.js';
import { temporaryFolder } from './testing/temporary-folder.js';

type Edit = { readonly at: number; readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'number'; readonly value: number };

const edit: fc.Arbitrary<Edit> = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'number'), value: fc.nat(255) });

/** Eight-byte numbers that break naive arithmetic. */
const nastyNumbers = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 32n];

function mutate(original: Uint8Array, edits: readonly Edit[], keep: number): Uint8Array {
  const bytes = [...original.subarray(0, Math.max(1, Math.floor(original.length * keep)))];
  for (const { at, kind, value } of edits) {
    const place = at % Math.max(1, bytes.length);
    if (kind === 'set') bytes[place] = value;
    else if (kind === 'flip') bytes[place] = (bytes[place] ?? 0) ^ (1 << (value & 7));
    else if (kind === 'insert') bytes.splice(place, 0, value);
    else if (kind === 'remove') bytes.splice(place, 1 + (value & 7));
    else for (let i = 0n; i < 8n; i += 1n) bytes[place + Number(i)] = Number((nastyNumbers[value % nastyNumbers.length]! >> (8n * i)) & 0xffn);
  }
  return Uint8Array.from(bytes.map((byte) => byte ?? 0));
}

/** Opens and reads everything; allowed are success and our own errors, and no tensor may be larger than the file. */
async function survives(open: () => Promise<TensorSource>, size: number): Promise<void> {
  try {
    await using source = await open();
    for (const name of source.names()) {
      expect(source.info(name).byteLength).toBeLessThanOrEqual(size);
      await source.read(name);
    }
  } catch (error) {
    if (!(error instanceof TunesmithError)) throw error;
  }
}

const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
const keep = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) });

describe('damaged files', () => {
  it('of safetensors parse or are refused by our errors', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    await writeSafetensors(path, [
      { name: 'model.embed.weight', dtype: 'BF16', shape: [4, 3], bytes: new Uint8Array(24) },
      { name: 'model.norm.weight', dtype: 'F32', shape: [3], bytes: new Uint8Array(12) },
      { name: 'ü', dtype: 'U8', shape: [], bytes: new Uint8Array(1) },
    ]);
    const original = new Uint8Array(await readFile(path));
    await fc.assert(
      fc.asyncProperty(edits, keep, async (changes, kept) => {
        const bytes = mutate(original, changes, kept);
        await writeFile(path, bytes);
        await survives(() => openSafetensors(path), bytes.length);
      }),
      { numRuns: 700 },
    );
  });

  it('of GGUF parse or are refused by our errors', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.gguf');
    const tensors = [
      { name: 'token_embd.weight', type: 'Q8_0', shape: [2, 32] },
      { name: 'output_norm.weight', type: 'F32', shape: [32] },
    ];
    const metadata = {
      'general.architecture': { type: 'string', value: 'llama' },
      'llama.block_count': { type: 'uint32', value: 2 },
      'llama.rope.freq_base': { type: 'float32', value: 10_000 },
      'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: ['a', 'b', '▁c'] },
      'tokenizer.ggml.scores': { type: 'array', elementType: 'float32', value: [0, 1, 2] },
      'general.flag': { type: 'bool', value: true },
    } as const;
    await writeGguf(path, { metadata, tensors }, [new Uint8Array(68), new Uint8Array(128)]);
    const original = new Uint8Array(await readFile(path));
    await fc.assert(
      fc.asyncProperty(edits, keep, async (changes, kept) => {
        const bytes = mutate(original, changes, kept);
        await writeFile(path, bytes);
        await survives(() => openGguf(path), bytes.length);
      }),
      { numRuns: 700 },
    );
  });
});
