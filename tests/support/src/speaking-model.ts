import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { writeTinyModel } from './tiny-model.js';

const hiddenSize = 64;

/**
 * Writes the folder of a tiny model that answers everything with `answer`: its blocks add nothing, and its output weight makes each token's
 * successor all but certain. `answer`: ASCII without a line break, no character twice. Other tokens, and the answer's last, are followed by the end token.
 * `sharpness` 0 makes every next token equally likely. With `showsTools` its template writes the tools that it is offered.
 */
export async function writeSpeakingModel(folder: string, answer: string, { sharpness = 4, showsTools = false }: { sharpness?: number; showsTools?: boolean } = {}): Promise<void> {
  if (new Set(answer).size !== answer.length) throw new Error(`expected no character twice; got "${answer}"`);
  await writeTinyModel(folder, { hiddenSize });
  const { model } = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as { model: { vocab: Record<string, number> } };
  const tokenOf = (character: string): number => model.vocab[character.replace('\n', 'Ċ').replace(' ', 'Ġ')]!;
  // The prompt ends with a line break, so the answer begins after one.
  const spoken = ['\n', ...answer].map(tokenOf);
  const end = model.vocab['<|im_end|>']!;
  const successors = new Map(spoken.map((token, place) => [token, spoken[place + 1] ?? end]));

  const path = join(folder, 'model.safetensors');
  const entries: SafetensorsEntry[] = [];
  let head = new Float32Array();
  {
    await using source = await openSafetensors(path);
    for (const name of source.names()) {
      const { dtype, shape } = source.info(name);
      const bytes = (await source.read(name)).slice();
      if (name === 'model.embed_tokens.weight') head = outputWeight(new Uint16Array(bytes.buffer), successors, end, sharpness);
      if (name.endsWith('.o_proj.weight') || name.endsWith('.down_proj.weight')) bytes.fill(0);
      entries.push({ name, dtype, shape, bytes });
    }
  }
  entries.push({ name: 'lm_head.weight', dtype: 'F32', shape: [head.length / hiddenSize, hiddenSize], bytes: new Uint8Array(head.buffer) });
  await writeSafetensors(path, entries);
  if (showsTools) await writeFile(join(folder, 'chat_template.jinja'), `{%- if tools %}{{ tools | tojson }}{{ '\\n' }}{% endif %}${await readFile(join(folder, 'chat_template.jinja'), 'utf8')}`);
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, tie_word_embeddings: false }));
}

/** Row j is the sum of the embeddings (as bfloat16 bits) of the tokens that j follows. */
function outputWeight(embedding: Uint16Array, successors: ReadonlyMap<number, number>, end: number, sharpness: number): Float32Array<ArrayBuffer> {
  const head = new Float32Array(embedding.length);
  const values = new Float32Array(Uint32Array.from(embedding, (bits) => bits << 16).buffer);
  for (let token = 0; token < embedding.length / hiddenSize; token += 1) {
    // Only what can be said needs a successor: the rest would add up to noise.
    const next = successors.get(token) ?? (token === end ? end : undefined);
    if (next === undefined) continue;
    for (let place = 0; place < hiddenSize; place += 1) head[next * hiddenSize + place]! += sharpness * values[token * hiddenSize + place]!;
  }
  return head;
}
