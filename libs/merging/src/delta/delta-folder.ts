import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, openSafetensors, writeFileAtomically, type SafetensorsSource } from '@tunesmith/checkpoints';
import type { PublishedTensors } from '@tunesmith/models';
import { z } from 'zod';
import { MergeError } from '../merge-error.js';

/** In a delta folder: this description, the codes and scales, and the tuned model's own configuration, tokenizer and template. */
export const deltaConfigName = 'delta_config.json';
export const deltaWeightsName = 'delta.safetensors';

const Group = z.strictObject({ rank: z.int().min(1), bits: z.int().min(1).max(8) });
/** `exact` weights are stored whole; others are the base's plus their groups, none where tuning changed nothing. */
export const DeltaConfig = z.strictObject({
  format: z.literal('tunesmith-delta'),
  version: z.literal(1),
  base: z.strictObject({ fingerprint: z.string(), name: z.string().nullable() }),
  weights: z.record(z.string(), z.union([z.strictObject({ exact: z.literal(true) }), z.strictObject({ shape: z.tuple([z.int(), z.int()]), transposed: z.boolean(), groups: z.array(Group) })])),
});
export type DeltaConfig = z.infer<typeof DeltaConfig>;

export function tensorName(weight: string, group: number, part: 'left' | 'right', kind: 'codes' | 'scales'): string {
  return `${weight}:${group}.${part}.${kind}`;
}

export async function writeDeltaConfig(folder: string, config: DeltaConfig): Promise<void> {
  await writeFileAtomically(join(folder, deltaConfigName), jsonText(config));
}

/** @throws MergeError `delta-unreadable`; what the safetensors reader throws */
export async function openDelta(folder: string): Promise<{ config: DeltaConfig; tensors: SafetensorsSource }> {
  let text: string;
  try {
    text = await readFile(join(folder, deltaConfigName), 'utf8');
  } catch {
    throw new MergeError('delta-unreadable', `expected a folder with ${deltaConfigName}, as compress-delta makes it; ${folder} has none`, { folder });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MergeError('delta-unreadable', `${join(folder, deltaConfigName)} is not JSON; make the delta again`, { folder });
  }
  const parsed = DeltaConfig.safeParse(json);
  if (!parsed.success) throw new MergeError('delta-unreadable', `${join(folder, deltaConfigName)}: ${z.prettifyError(parsed.error)}`, { folder });
  return { config: parsed.data, tensors: await openSafetensors(join(folder, deltaWeightsName)) };
}

/** What tells bases apart: a digest of the names, shapes and types of all weights, and of the bytes of the smallest of them. */
export async function fingerprintOf(base: PublishedTensors): Promise<string> {
  const infos = [...base.names()].sort().map((name) => base.info(name));
  const hash = createHash('sha256').update(JSON.stringify(infos.map(({ name, shape, dtype }) => [name, shape, dtype])));
  const small = infos.toSorted((one, other) => one.byteLength - other.byteLength).slice(0, 16);
  for (const { name } of small) hash.update(await base.read(name));
  return hash.digest('hex');
}
