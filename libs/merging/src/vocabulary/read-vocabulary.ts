import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MergeError } from '../merge-error.js';

/** An entry of `added_tokens` in tokenizer.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly [flag: string]: unknown;
}

export interface Vocabulary {
  /** Every token, added ones among them, with its id. */
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
  /** tokenizer.json as it was parsed. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Reads the tokenizer of a model folder, and knows a file that it has read already by its digest: parents often share one. */
export class VocabularyReader {
  private readonly known = new Map<string, Vocabulary>();

  /** @throws MergeError `merge-tokenizer-missing`, `merge-tokenizer-unsupported` */
  async read(folder: string, name: string): Promise<Vocabulary> {
    const path = join(folder, 'tokenizer.json');
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new MergeError('merge-tokenizer-missing', `merge: expected a tokenizer.json in ${name}, since its vocabulary is to be merged; ${path} cannot be read. Load the tokenizer with transformers once and save it with save_pretrained.`, { path, cause: String(cause) });
    });
    const digest = createHash('sha256').update(bytes).digest('hex');
    const found = this.known.get(digest) ?? parseVocabulary(JSON.parse(bytes.toString('utf8')) as Record<string, unknown>, path);
    this.known.set(digest, found);
    return found;
  }
}

function parseVocabulary(json: Readonly<Record<string, unknown>>, path: string): Vocabulary {
  const model = json['model'] as { vocab?: unknown } | undefined;
  const ids = new Map<string, number>();
  if (Array.isArray(model?.vocab)) {
    // Unigram: pieces with their scores, in the order of their ids.
    model.vocab.forEach((entry: unknown, id) => ids.set(String((entry as unknown[])[0]), id));
  } else if (typeof model?.vocab === 'object' && model.vocab !== null) {
    for (const [token, id] of Object.entries(model.vocab)) ids.set(token, id as number);
  } else {
    throw new MergeError('merge-tokenizer-unsupported', `merge: expected ${path} to have a vocabulary (BPE, WordPiece or Unigram); it has none that can be read.`, { path });
  }
  const added = (Array.isArray(json['added_tokens']) ? json['added_tokens'] : []) as AddedToken[];
  for (const { content, id } of added) ids.set(content, id);
  return { ids, added, json };
}
