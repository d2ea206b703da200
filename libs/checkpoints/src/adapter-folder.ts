import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAdapterConfig, type AdapterConfig } from './adapter-config.js';
import { writeFileAtomically } from './atomic-file.js';
import { AdapterError } from './errors.js';
import { jsonText } from './json-file.js';
import { makeFolder, readObject } from './model-folder.js';
import { describeFailure } from './random-access-file.js';
import { openSafetensors, type SafetensorsSource } from './safetensors-reader.js';
import { writeSafetensors, type SafetensorsEntry } from './safetensors-writer.js';
import type { TensorInfo } from './tensor-source.js';

const configName = 'adapter_config.json';
const weightsName = 'adapter_model.safetensors';
const prefix = 'base_model.model.';

/** What one tensor of an adapter is. Endings as PEFT writes them; embeddings and magnitudes carry no `.weight`. */
const roles = [
  ['lora_A.weight', 'a'],
  ['lora_B.weight', 'b'],
  ['lora_B.bias', 'bias'],
  ['lora_embedding_A', 'embeddingA'],
  ['lora_embedding_B', 'embeddingB'],
  ['lora_magnitude_vector', 'magnitude'],
] as const;
export type AdapterRole = (typeof roles)[number][1];

/** The tensors of one adapted module, by role; values are names in the file. */
export type AdaptedModule = Readonly<Partial<Record<AdapterRole, string>>>;

/** A PEFT adapter folder, opened. */
export interface Adapter extends AsyncDisposable {
  readonly path: string;
  readonly config: AdapterConfig;
  readonly tensors: SafetensorsSource;
  /** By module path of the base model, such as `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, AdaptedModule>;
  /** Whole weights that replace the base's (`modules_to_save`, biases): base name to name in the file. */
  readonly replacements: ReadonlyMap<string, string>;
}

/** The name that PEFT gives a tensor of an adapted module. */
export function adapterTensorName(module: string, role: AdapterRole): string {
  return `${prefix}${module}.${roles.find(([, name]) => name === role)![0]}`;
}

/**
 * Opens a PEFT LoRA adapter. Only headers are read; every module must have its pair, with one rank. Throws AdapterError, `adapter-pickle`
 * where the weights only exist as a pickle.
 */
export async function readAdapter(path: string): Promise<Adapter> {
  let files: string[];
  try {
    files = await readdir(path);
  } catch (cause) {
    throw new AdapterError({ code: 'adapter-unreadable', message: `Cannot read the adapter folder ${path}: ${describeFailure(cause)}.`, facts: { path }, cause });
  }
  if (!files.includes(configName)) throw new AdapterError({ code: 'adapter-no-config', message: `${path} has no ${configName}.`, facts: { path } });
  if (!files.includes(weightsName)) {
    const pickle = files.includes('adapter_model.bin');
    throw new AdapterError({
      code: pickle ? 'adapter-pickle' : 'adapter-no-weights',
      message: pickle
        ? `${join(path, 'adapter_model.bin')} is a pickle, which runs code when it is opened. If you trust it, load it with PEFT and save it with save_pretrained(FOLDER, safe_serialization=True).`
        : `${path} has no ${weightsName}.`,
      facts: { path },
    });
  }
  const config = parseAdapterConfig(await readObject(join(path, configName)), join(path, configName));
  const tensors = await openSafetensors(join(path, weightsName));
  try {
    const { modules, replacements } = sortTensors([...tensors.names()].map((name) => tensors.info(name)), path);
    return { path, config, tensors, modules, replacements, [Symbol.asyncDispose]: () => tensors.close() };
  } catch (error) {
    await tensors.close();
    throw error;
  }
}

/**
 * Writes a PEFT adapter folder: `config` as adapter_config.json (see `loraAdapterConfig`), tensors named by `adapterTensorName`. Checked by
 * the same rules as reading. The configuration comes last, so that a folder that has one is whole.
 */
export async function writeAdapter(path: string, { config, tensors }: { config: Record<string, unknown>; tensors: readonly SafetensorsEntry[] }): Promise<void> {
  parseAdapterConfig(config, join(path, configName));
  const infos = tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape, byteLength: 0 }));
  sortTensors(infos, path);
  await makeFolder(path);
  await writeSafetensors(join(path, weightsName), tensors, { metadata: { format: 'pt' }, maxShardBytes: Number.MAX_SAFE_INTEGER });
  await writeFileAtomically(join(path, configName), jsonText(config));
}

function sortTensors(tensors: readonly TensorInfo[], path: string): { modules: Map<string, AdaptedModule>; replacements: Map<string, string> } {
  const bad = (code: string, detail: string, tensor: string): never => {
    throw new AdapterError({ code, message: `${path}: ${detail}`, facts: { path, tensor } });
  };
  const modules = new Map<string, Partial<Record<AdapterRole, string>>>();
  const replacements = new Map<string, string>();
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const { name } of tensors) {
    if (!name.startsWith(prefix)) bad('adapter-bad-name', `the tensor name ${name} does not begin with ${prefix}.`, name);
    const base = name.slice(prefix.length);
    const role = roles.find(([ending]) => base.endsWith(`.${ending}`));
    if (role) {
      const module = base.slice(0, -role[0].length - 1);
      const entry = modules.get(module) ?? {};
      entry[role[1]] = name;
      modules.set(module, entry);
    } else if (base.includes('.lora_')) {
      bad('adapter-bad-name', `unknown LoRA tensor ${name}.`, name);
    } else {
      replacements.set(base, name);
    }
  }
  // PEFT stores the frozen weight of an embedding or a head beside its pair. Where it is not the base's, of other rows, the pair does not fit the base either.
  for (const module of modules.keys()) replacements.delete(`${module}.base_layer.weight`);
  for (const [module, entry] of modules) {
    const [a, b] = entry.a || entry.b ? [entry.a, entry.b] : [entry.embeddingA, entry.embeddingB];
    if (!a || !b) {
      bad('adapter-incomplete', `module ${module} has only one of its two matrices.`, module);
      continue;
    }
    const [rankOfA, rankOfB] = [shapes.get(a)?.[0], shapes.get(b)?.[1]];
    if (shapes.get(a)?.length !== 2 || shapes.get(b)?.length !== 2 || rankOfA !== rankOfB) {
      bad('adapter-rank-mismatch', `module ${module}: A has the shape [${shapes.get(a)?.join(', ')}] and B [${shapes.get(b)?.join(', ')}]; expected [rank, in] and [out, rank].`, module);
    }
  }
  if (modules.size === 0 && replacements.size === 0) bad('adapter-empty', 'the adapter holds no tensors.', '');
  return { modules, replacements };
}
