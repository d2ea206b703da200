import { isObject, objects, type JsonObject } from './json.js';

/** Names under which configurations and templates know their special tokens. */
export const specialTokenNames = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;
export type SpecialTokenName = (typeof specialTokenNames)[number];
export type SpecialTokens = Readonly<Partial<Record<SpecialTokenName, string>>>;

/** Tokens that end an assistant's turn in published chat templates. They count as ends where a vocabulary has them as special tokens. */
export const turnEnds: readonly string[] = ['<|im_end|>', '<|eot_id|>', '<|end|>', '<end_of_turn>', '<|eom_id|>', '<|END_OF_TURN_TOKEN|>', '<|return|>'];

/** The special tokens' text from tokenizer_config.json, and from special_tokens_map.json where the former says nothing. */
export function readSpecialTokens(config: JsonObject, map: JsonObject): SpecialTokens {
  const found: Partial<Record<SpecialTokenName, string>> = {};
  for (const name of specialTokenNames) {
    const text = textOf(config[name]) ?? textOf(map[name]);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

/** The ids of `eos_token_id`, a number or a list, of each configuration. */
export function readEosIds(...configs: readonly (JsonObject | undefined)[]): number[] {
  return configs.flatMap((config) => {
    const value = config?.eos_token_id;
    return (Array.isArray(value) ? value : [value]).filter((id): id is number => Number.isInteger(id));
  });
}

/** Text of the added tokens that are marked as special. */
export function specialAddedTokens(tokenizer: JsonObject): Set<string> {
  return new Set(objects(tokenizer.added_tokens).flatMap(({ content, special }) => (special === true && typeof content === 'string' ? [content] : [])));
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value.content === 'string' ? value.content : undefined;
}
