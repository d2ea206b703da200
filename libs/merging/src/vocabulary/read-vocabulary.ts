import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MergeError } from '../merge-error.js';

const fileName = 'tokenizer.json';

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
}

/**
 * Reads the vocabulary of a model folder, and knows a file that it has read already by its digest: parents often share one. The file as it was parsed is ten times as
 * large in memory, and is let go.
 */
export class VocabularyReader {
  private readonly known = new Map<string, Vocabulary>();

  /** @throws MergeError `merge-tokenizer-missing`, `merge-tokenizer-unsupported` */
  async read(folder: string, name: string): Promise<Vocabulary> {
    const bytes = await readFile(join(folder, fileName)).catch((cause: unknown) => {
      throw new MergeError('merge-tokenizer-missing', `merge: expected a tokenizer.json in ${name}, since its vocabulary is to be merged; ${join(folder, fileName)} cannot be read. Load the tokenizer with transformers once and save it with save_pretrained.`, { folder, cause: String(cause) });
    });
    const digest = createHash('sha256').update(bytes).digest('hex');
    const found = this.known.get(digest) ?? parseVocabulary(JSON.parse(bytes.toString('utf8')) as Record<string, unknown>, join(folder, fileName));
    this.known.set(digest, found);
    return found;
  }
}

/** A folder's tokenizer.json with tokens added at its end. */
export async function tokenizerWith(added: readonly AddedToken[], folder: string): Promise<Readonly<Record<string, unknown>>> {
  const json = JSON.parse(await readFile(join(folder, fileName), 'utf8')) as Record<string, unknown>;
  return { ...json, added_tokens: [...((json['added_tokens'] as AddedToken[] | undefined) ?? []), ...added] };
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
  return { ids, added };
}
