import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkContext } from '@tunesmith/tensor';

/** A tiny random model with its tokenizer, and what transformers computes with it; made by tests/parity/make-quantization-fixtures.py. */
export interface TinyModel {
  readonly name: string;
  readonly folder: string;
  readonly vocabulary: number;
  readonly rows: readonly {
    readonly tokenIds: readonly number[];
    /** [tokens, vocabulary] */
    readonly logits: Float32Array;
    readonly prompt: readonly number[];
    /** Greedy, of the prompt. */
    readonly continuation: readonly number[];
  }[];
  readonly texts: readonly { readonly text: string; readonly tokenIds: readonly number[] }[];
}

interface ExpectedFile {
  readonly rows: readonly { readonly tokenIds: number[]; readonly logits: string; readonly prompt: number[]; readonly continuation: number[] }[];
  readonly texts: TinyModel['texts'];
}

export const tinyModelNames = ['llama', 'gemma3'] as const;

export function readTinyModel(name: (typeof tinyModelNames)[number]): TinyModel {
  const folder = fileURLToPath(new URL(`../../../../tests/parity/fixtures/quantization/${name}`, import.meta.url));
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as ExpectedFile;
  const rows = expected.rows.map((row) => ({ ...row, logits: new Float32Array(Uint8Array.from(Buffer.from(row.logits, 'base64')).buffer) }));
  return { name, folder, vocabulary: rows[0]!.logits.length / rows[0]!.tokenIds.length, rows, texts: expected.texts };
}

export function quietContext(signal: AbortSignal = new AbortController().signal): WorkContext {
  return { signal, onProgress: () => undefined };
}

/** A folder for one test, gone with it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tunesmith-quantization-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

export function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}
