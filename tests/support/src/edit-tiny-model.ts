import { readModelFolder, readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';

interface ModelEdits {
  /** Added at the end of the vocabulary, with rows of this value in the embedding. */
  readonly tokens?: Readonly<Record<string, number>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly withoutTemplate?: boolean;
  /** Changes the bytes of weights; null leaves one out. */
  weight?(name: string, bytes: Uint8Array): Uint8Array | null;
}

/** Copies a tiny bfloat16 model with changes. */
export async function editTinyModel(from: string, to: string, { tokens = {}, config = {}, withoutTemplate = false, weight = (_name, bytes) => bytes }: ModelEdits): Promise<void> {
  await using model = await readModelFolder(from);
  const files: Record<string, Uint8Array | Record<string, unknown>> = await readSideFiles(from, model.sideFiles.filter((name) => !withoutTemplate || name !== 'chat_template.jinja'));
  const parse = (name: string): Record<string, unknown> => JSON.parse(Buffer.from(files[name] as Uint8Array).toString('utf8')) as Record<string, unknown>;
  if (withoutTemplate) files['tokenizer_config.json'] = { ...parse('tokenizer_config.json'), chat_template: undefined };
  const rows = model.tensors.info('model.embed_tokens.weight').shape[0]!;
  const json = parse('tokenizer.json') as { added_tokens: object[] };
  const added = Object.keys(tokens).map((content, index) => ({ id: rows + index, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
  files['tokenizer.json'] = { ...json, added_tokens: [...json.added_tokens, ...added] };
  const entries: SafetensorsEntry[] = [];
  for (const name of model.tensors.names()) {
    const { dtype, shape } = model.tensors.info(name);
    const bytes = weight(name, await model.tensors.read(name));
    if (bytes === null) continue;
    if (name !== 'model.embed_tokens.weight' || added.length === 0) entries.push({ name, dtype, shape, bytes });
    else {
      const row = (value: number): Buffer => {
        const high = new DataView(new ArrayBuffer(4));
        high.setFloat32(0, value);
        return Buffer.concat(Array.from({ length: shape[1]! }, () => Buffer.from([high.getUint8(1), high.getUint8(0)])));
      };
      entries.push({ name, dtype, shape: [rows + added.length, shape[1]!], bytes: Buffer.concat([bytes, ...Object.values(tokens).map(row)]) });
    }
  }
  await writeModelFolder(to, { config: { ...model.config, vocab_size: rows + added.length, ...config }, generationConfig: model.generationConfig, files, tensors: entries });
}
