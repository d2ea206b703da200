import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openSafetensors, readModelFolder, writeModelFolder } from '@tunesmith/checkpoints';
import { readMergeConfiguration } from '@tunesmith/contracts';
import { mergeModels } from '@tunesmith/merging';
import { Tokenizer } from '@tunesmith/tokenizers';
import { editTinyModel, temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Whole merges by the same configuration, ours and those of the mergekit that is installed: which layer goes where, which parameter holds for which tensor, which row belongs
// to which token. Every byte must be equal; one Python process does mergekit's part of all cases (merge-configurations.py).

const context = { signal: new AbortController().signal, onProgress() {} };
const fixtures = join(import.meta.dirname, 'fixtures/families');
const families = ['llama-grouped-tied', 'qwen2-published-tied', 'gpt2-new-gelu'];

const graded = { weight: [{ filter: 'mlp', value: [0, 1] }, { filter: 'attn', value: [1, 0.25, 0] }, { value: 0.4 }] };
/** Of models a, b and base, of each family. */
const ofFamilies: Readonly<Record<string, object>> = {
  linear: { merge_method: 'linear', models: [{ model: 'a', parameters: { weight: 0.3 } }, { model: 'b', parameters: { weight: 0.9 } }] },
  'linear with a base that is not listed': { merge_method: 'linear', base_model: 'base', models: [{ model: 'a' }], parameters: { weight: 0.5, normalize: false } },
  'gradients and filters': { merge_method: 'linear', models: [{ model: 'a', parameters: graded }, { model: 'b', parameters: { weight: 0.5 } }], parameters: { normalize: false } },
  'slerp over the layers': { merge_method: 'slerp', base_model: 'base', models: [{ model: 'base' }, { model: 'a' }], parameters: { t: [{ filter: 'mlp', value: [1, 0.5, 0] }, { value: [0, 0.5, 1] }] } },
  'task arithmetic in float32, stored in bfloat16': { merge_method: 'task_arithmetic', base_model: 'base', models: [{ model: 'a' }, { model: 'b' }], parameters: { weight: 0.4 }, dtype: 'float32', out_dtype: 'bfloat16' },
  'RAM+ in bfloat16, stored in float32': { merge_method: 'ramplus_tl', base_model: 'base', models: [{ model: 'a' }, { model: 'b' }], dtype: 'bfloat16', out_dtype: 'float32' },
  'flags as numbers': { merge_method: 'ties', base_model: 'base', models: [{ model: 'a' }, { model: 'b' }], parameters: { weight: 0.5, density: 0.4, normalize: [1, 0], rescale: 1, int8_mask: 1 }, dtype: 'float16' },
  'layers stacked': { merge_method: 'passthrough', slices: [{ sources: [{ model: 'a', layer_range: [0, 2] }] }, { sources: [{ model: 'b', layer_range: [1, 2], parameters: { scale: [{ filter: 'o_proj', value: 0.5 }, { filter: 'c_proj', value: 0.5 }, { value: 1 }] } }] }] },
  'slices merged by pairs': {
    merge_method: 'linear', parameters: { weight: 0.5 },
    slices: [{ sources: [{ model: 'a', layer_range: [0, 1], parameters: { weight: 0.9 } }, { model: 'b', layer_range: [1, 2] }], parameters: { weight: 0.2 } }, { sources: [{ model: 'b', layer_range: [1, 2] }] }],
  },
};
/** Of models with tokenizers: base, wider (two tokens more), other (one other token more). */
const ofVocabularies: Readonly<Record<string, object>> = {
  union: { merge_method: 'linear', base_model: 'base', models: [{ model: 'base' }, { model: 'wider' }, { model: 'other' }], parameters: { weight: 0.5 }, tokenizer: { source: 'union' } },
  'union of models that a base does not join': { merge_method: 'linear', models: [{ model: 'wider' }, { model: 'other' }, { model: 'wider-too' }], parameters: { weight: 0.5 }, tokenizer_source: 'union' },
  'union, padded': { merge_method: 'task_arithmetic', base_model: 'base', models: [{ model: 'wider' }, { model: 'other' }], parameters: { weight: 0.5 }, tokenizer: { source: 'union', pad_to_multiple_of: 32 } },
  base: { merge_method: 'linear', base_model: 'base', models: [{ model: 'wider' }], parameters: { weight: 0.5 }, tokenizer_source: 'base' },
  'rules for tokens': {
    merge_method: 'linear', base_model: 'base', models: [{ model: 'wider' }, { model: 'other' }], parameters: { weight: 0.5 },
    tokenizer: { source: 'union', tokens: { '<tool>': { source: 'wider', force: true }, '<think>': { source: { kind: 'zero' } }, '<new>': { source: { kind: 'model_token', model: 'other', token: '<think>' } }, the: { source: 'other', force: true } } },
  },
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names.map((name) => name.replaceAll(' ', '-')));

beforeAll(async () => {
  const peers = findPythonPeers();
  if (peers === undefined) throw new Error('expected a Python environment with mergekit; TUNESMITH_PEERS names none, and none was made yet. Try npm run test:peers, which makes one.');
  folder = await temporaryFolder('merge-configurations');
  for (const family of families) {
    await cp(join(fixtures, family), at(family, 'base'), { recursive: true });
    for (const [index, name] of ['a', 'b'].entries()) await writeTurned(at(family, 'base'), at(family, name), index + 1);
  }
  for (const [index, name] of ['base', 'one', 'two'].entries()) await writeTinyModel(at('vocabularies', name), { seed: index + 1 });
  await editTinyModel(at('vocabularies', 'one'), at('vocabularies', 'wider'), { tokens: { '<tool>': 3, '<end>': -2 } });
  await editTinyModel(at('vocabularies', 'two'), at('vocabularies', 'wider-too'), { tokens: { '<tool>': 1.5 } });
  await editTinyModel(at('vocabularies', 'two'), at('vocabularies', 'other'), { tokens: { '<think>': 5 } });
  const cases = [
    ...families.flatMap((family) => Object.entries(ofFamilies).map(([name, document]) => ({ configuration: placed(document, family), out: at('theirs', family, name) }))),
    ...Object.entries(ofVocabularies).map(([name, document]) => ({ configuration: placed(document, 'vocabularies'), out: at('theirs', 'vocabularies', name) })),
  ];
  await writeFile(at('cases.json'), JSON.stringify(cases));
  await promisify(execFile)(join(peers, 'bin/python'), [join(import.meta.dirname, 'merge-configurations.py'), at('cases.json')], { env: { ...process.env, HF_HUB_OFFLINE: '1' }, maxBuffer: 2 ** 26 });
}, 600_000);
afterAll(() => folder?.remove());

/** The document with paths for models. */
function placed(document: object, place: string): object {
  const names = /"(?:model|base_model|source)":"(a|b|base|wider|wider-too|other)"/g;
  return JSON.parse(JSON.stringify(document).replace(names, (text, name: string) => text.replace(`"${name}"`, JSON.stringify(at(place, name))).replace(/("source":)"[^"]*\/base"/, '$1"base"'))) as object;
}

/** A copy whose weights hold the same numbers in another order. */
async function writeTurned(from: string, to: string, by: number): Promise<void> {
  await using model = await readModelFolder(from);
  const tensors = [];
  for (const name of model.tensors.names()) {
    const { dtype, shape, byteLength } = model.tensors.info(name);
    const size = { F32: 4, BF16: 2, F16: 2 }[dtype]!;
    const elements = byteLength / size;
    const bytes = await model.tensors.read(name);
    const turned = Buffer.alloc(byteLength);
    for (let place = 0; place < elements; place += 1) turned.set(bytes.subarray(place * size, place * size + size), ((place * 7 + by * 3) % elements) * size);
    tensors.push({ name, dtype, shape, bytes: elements % 7 === 0 ? bytes : turned });
  }
  await writeModelFolder(to, { config: model.config, tensors });
}

async function mergeOurs(document: object, place: string, name: string): Promise<string> {
  const { configuration, models } = readMergeConfiguration(placed(document, place));
  await mergeModels({ configuration, models, seed: 1 }, at('ours', place, name), context);
  return at('ours', place, name);
}

async function bytesByName(path: string): Promise<Map<string, Buffer>> {
  await using source = await openSafetensors(path);
  const found = new Map<string, Buffer>();
  for (const name of source.names()) found.set(name, Buffer.from(await source.read(name)));
  return found;
}

/** Null where mergekit could not write a configuration. */
async function layersOf(path: string): Promise<unknown> {
  const text = await readFile(join(path, 'config.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const config = JSON.parse(text) as Record<string, unknown>;
  return config['num_hidden_layers'] ?? config['n_layer'];
}

describe.each(families)('%s', (family) => {
  test.each(Object.keys(ofFamilies))('%s', async (name) => {
    const [ours, theirs] = [await mergeOurs(ofFamilies[name]!, family, name), at('theirs', family, name)];
    const [mine, peer] = [await bytesByName(ours), await bytesByName(theirs)];
    // mergekit writes a head that a configuration ties, beside the embedding.
    expect([...peer.keys()].filter((key) => !mine.has(key) && key !== 'lm_head.weight')).toEqual([]);
    expect([...mine].filter(([key, bytes]) => !peer.get(key)?.equals(bytes)).map(([key]) => key)).toEqual([]);
    expect([await layersOf(ours), null]).toContain(await layersOf(theirs));
  });
});

test.each(Object.keys(ofVocabularies))('vocabularies: %s', async (name) => {
  const [ours, theirs] = [await mergeOurs(ofVocabularies[name]!, 'vocabularies', name), at('theirs', 'vocabularies', name)];
  const [mine, peer] = [await bytesByName(ours), await bytesByName(theirs)];
  const [own, other] = [await Tokenizer.fromFolder(ours), await Tokenizer.fromFolder(theirs)];
  const tokens = Array.from({ length: own.vocabularySize }, (_, id) => own.tokenText(id));
  expect(other.vocabularySize).toBe(own.vocabularySize);
  // New tokens have no fixed order there: rows are compared by token.
  const [rows, peerRows] = ['model.embed_tokens.weight'].flatMap((key) => [mine.get(key)!, peer.get(key)!]);
  expect(peerRows!.length).toBe(rows!.length);
  const row = (bytes: Buffer, id: number): Buffer => bytes.subarray(id * 128, id * 128 + 128);
  expect(tokens.filter((token) => !row(rows!, own.tokenId(token)!).equals(row(peerRows!, other.tokenId(token)!)))).toEqual([]);
  expect([...mine].filter(([key, bytes]) => key !== 'model.embed_tokens.weight' && !peer.get(key)?.equals(bytes)).map(([key]) => key)).toEqual([]);
});
