import { GgufError, type GgufMetadata } from '@tunesmith/checkpoints';

/** Numbers of `tokenizer.ggml.token_type`. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The vocabulary of a GGUF file, checked. */
export interface GgufVocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  /** One per token; absent for byte-level vocabularies. */
  readonly scores: readonly number[] | undefined;
  /** Split at the first space after the first character. */
  readonly merges: readonly (readonly [string, string])[] | undefined;
}

/** Reads and checks the lists of a vocabulary: equal lengths, no token twice, byte tokens strictly `<0xHH>`. Throws GgufError. */
export function readGgufVocabulary(metadata: GgufMetadata): GgufVocabulary {
  // llama.cpp's own name for tokens without text.
  const tokens = metadata.strings('tokenizer.ggml.tokens').map((token, id) => (token === '' ? `[EMPTY_${id}]` : token));
  const types = metadata.optionalNumbers('tokenizer.ggml.token_type') ?? tokens.map(() => tokenType.normal);
  const scores = metadata.optionalNumbers('tokenizer.ggml.scores');
  for (const [key, list] of Object.entries({ token_type: types, scores })) {
    if (list && list.length < tokens.length) fail('gguf-bad-vocabulary', `tokenizer.ggml.${key} has ${list.length} entries for ${tokens.length} tokens.`, { key });
  }
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const earlier = ids.get(token);
    if (earlier !== undefined) fail('gguf-bad-vocabulary', `the token ${JSON.stringify(token)} has the ids ${earlier} and ${id}.`, { token });
    if (types[id] === tokenType.byte && !/^<0x[0-9A-F]{2}>$/.test(token)) fail('gguf-bad-vocabulary', `token ${id} is a byte token spelled ${JSON.stringify(token)}; <0xHH> is expected.`, { token, id });
    ids.set(token, id);
  }
  const merges = metadata.optionalStrings('tokenizer.ggml.merges')?.map((merge): [string, string] => {
    const at = merge.indexOf(' ', 1);
    return at < 0 ? fail('gguf-bad-vocabulary', `the merge ${JSON.stringify(merge)} has no two parts.`, { merge }) : [merge.slice(0, at), merge.slice(at + 1)];
  });
  return { tokens, types, scores, merges };
}

/** The text of the token that a metadata key names by id; undefined where the key is absent. */
export function tokenNamedBy(metadata: GgufMetadata, key: string, tokens: readonly string[]): string | undefined {
  const id = metadata.optionalNumber(key);
  if (id === undefined) return undefined;
  // llama.cpp treats an all-ones id as none.
  if (id === 0xffffffff || id === -1) return undefined;
  return tokens[id] ?? fail('gguf-bad-vocabulary', `${key} is ${id}, but there are ${tokens.length} tokens.`, { key, id });
}

function fail(code: string, detail: string, facts: Record<string, unknown>): never {
  throw new GgufError({ code, message: `The GGUF vocabulary is damaged: ${detail}`, facts });
}
