import { openSafetensors } from '@tunesmith/checkpoints';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A tiny random model and what transformers computed on it; made by tests/parity/make-family-fixtures.py. */
export interface FamilyFixture {
  readonly folder: string;
  readonly configJson: Record<string, unknown>;
  readonly rows: readonly (readonly number[])[];
  /** Of encoder-decoders: what the encoder reads beside each of `rows` and of `prompts`. */
  readonly sources?: readonly (readonly number[])[];
  readonly promptSources?: readonly (readonly number[])[];
  /** Mean cross-entropy of every next token of `rows`. */
  readonly loss: number;
  /** [tokens of all rows, vocabulary], row-major. */
  readonly logits: Float32Array;
  /** Of `loss`, by parameter name. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly prompts: readonly (readonly number[])[];
  /** Greedy, one per prompt. */
  readonly continuations: readonly (readonly number[])[];
}

const root = fileURLToPath(new URL('../../../../tests/parity/fixtures/', import.meta.url));

/** Those of `larger-models` load only after an import took their text model out. */
type FixtureKind = 'families' | 'larger-models';

export function fixtureFolder(name: string, kind: FixtureKind = 'families'): string {
  return join(root, kind, name);
}

export async function readFixture(name: string, kind?: FixtureKind): Promise<FamilyFixture> {
  const folder = fixtureFolder(name, kind);
  const configJson = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Pick<FamilyFixture, 'rows' | 'sources' | 'promptSources' | 'loss' | 'prompts' | 'continuations'>;
  await using tensors = await openSafetensors(join(folder, 'expected.safetensors'));
  const floats = async (tensor: string) => new Float32Array((await tensors.read(tensor)).slice().buffer);
  const gradients = new Map<string, Float32Array>();
  for (const tensor of tensors.names()) {
    if (tensor.startsWith('gradient.')) gradients.set(tensor.slice('gradient.'.length), await floats(tensor));
  }
  return { folder, configJson, ...expected, logits: await floats('logits'), gradients };
}
