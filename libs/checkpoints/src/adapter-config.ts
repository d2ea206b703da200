import { AdapterError } from './errors.js';

/** What this code reads of a PEFT adapter_config.json (peft 0.21); `raw` keeps the rest. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Alpha is divided by the square root of the rank. */
  readonly useRslora: boolean;
  readonly useDora: boolean;
  /** Weights of the base lie transposed (GPT-2's Conv1D). */
  readonly fanInFanOut: boolean;
  readonly bias: 'none' | 'all' | 'lora_only';
  readonly loraBias: boolean;
  readonly targetModules: readonly string[] | string | null;
  readonly modulesToSave: readonly string[];
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly baseModel: string | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Keys that change what the numbers mean; an adapter that sets one is refused rather than applied wrongly. */
const unsupportedVariants = [
  'layer_replication',
  'trainable_token_indices',
  'alora_invocation_tokens',
  'use_qalora',
  'arrow_config',
  'kasa_config',
  'bdlora_config',
  'use_bdlora',
  'velora_config',
  'monteclora_config',
  'target_parameters',
  'megatron_config',
] as const;

/** Checks an adapter_config.json. Throws AdapterError for other kinds than LoRA, wrong values, and variants that are not supported. */
export function parseAdapterConfig(raw: Record<string, unknown>, path: string): AdapterConfig {
  const bad = (code: string, detail: string, facts: Record<string, unknown> = {}): never => {
    throw new AdapterError({ code, message: `${path}: ${detail}`, facts: { path, ...facts } });
  };
  if (raw.peft_type !== 'LORA') bad('adapter-unsupported-kind', `peft_type is ${JSON.stringify(raw.peft_type)}; LORA is supported.`, { peftType: raw.peft_type });
  for (const key of unsupportedVariants) {
    if (isSet(raw[key])) bad('adapter-unsupported-variant', `${key} is set, which is not supported. Merge the adapter with PEFT and import the merged model.`, { key });
  }
  const initial = raw.init_lora_weights;
  if (typeof initial === 'string' && /^(?:pissa|olora|corda|loftq)/.test(initial)) {
    bad(
      'adapter-changes-base',
      `init_lora_weights is ${initial}, which changes the base model's weights: save it converted (path_initial_model_for_weight_conversion in PEFT) or merge it there.`,
      { initial },
    );
  }
  const positive = (key: string): number => {
    const value = raw[key];
    return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : bad('adapter-bad-config', `${key} must be a positive number, found ${JSON.stringify(value)}.`, { key });
  };
  const flag = (key: string): boolean => {
    const value = raw[key] ?? false;
    return typeof value === 'boolean' ? value : bad('adapter-bad-config', `${key} must be true or false, found ${JSON.stringify(value)}.`, { key });
  };
  const pattern = (key: string): Record<string, number> => {
    const value = raw[key] ?? {};
    const entries = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : bad('adapter-bad-config', `${key} must map module names to numbers.`, { key });
    return Object.fromEntries(entries.map(([name, number]) => [name, typeof number === 'number' && number > 0 ? number : bad('adapter-bad-config', `${key}.${name} must be a positive number.`, { key })]));
  };
  const rank = positive('r');
  if (!Number.isInteger(rank)) bad('adapter-bad-config', `r must be a whole number, found ${rank}.`, { key: 'r' });
  const targets = raw.target_modules ?? null;
  const targetsFine = targets === null || typeof targets === 'string' || isStrings(targets);
  const saved = raw.modules_to_save ?? [];
  const bias = raw.bias ?? 'none';
  const dropout = raw.lora_dropout ?? 0;
  if (bias !== 'none' && bias !== 'all' && bias !== 'lora_only') return bad('adapter-bad-config', `bias must be none, all or lora_only, found ${JSON.stringify(bias)}.`, { key: 'bias' });
  return {
    rank,
    alpha: positive('lora_alpha'),
    dropout: typeof dropout === 'number' && dropout >= 0 && dropout < 1 ? dropout : bad('adapter-bad-config', `lora_dropout must be at least 0 and below 1, found ${JSON.stringify(dropout)}.`, { key: 'lora_dropout' }),
    useRslora: flag('use_rslora'),
    useDora: flag('use_dora'),
    fanInFanOut: flag('fan_in_fan_out'),
    bias,
    loraBias: flag('lora_bias'),
    targetModules: targetsFine ? targets : bad('adapter-bad-config', 'target_modules must be text or a list of text.', { key: 'target_modules' }),
    modulesToSave: isStrings(saved) ? saved : bad('adapter-bad-config', 'modules_to_save must be a list of text.', { key: 'modules_to_save' }),
    rankPattern: pattern('rank_pattern'),
    alphaPattern: pattern('alpha_pattern'),
    baseModel: typeof raw.base_model_name_or_path === 'string' ? raw.base_model_name_or_path : null,
    raw,
  };
}

/** Rank, alpha and the factor of B·A for one module, such as `model.layers.0.self_attn.q_proj`, after PEFT's pattern rules. */
export function adapterScaling(config: AdapterConfig, module: string): { rank: number; alpha: number; scale: number } {
  const rank = matchPattern(config.rankPattern, module) ?? config.rank;
  const alpha = matchPattern(config.alphaPattern, module) ?? config.alpha;
  return { rank, alpha, scale: config.useRslora ? alpha / Math.sqrt(rank) : alpha / rank };
}

/** The adapter_config.json of a LoRA adapter (or rsLoRA, DoRA), with every key that PEFT writes for one. */
export function loraAdapterConfig(options: {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout?: number;
  readonly targetModules: readonly string[];
  readonly baseModel: string | null;
  readonly useRslora?: boolean;
  /** The adapted weights of the base lie transposed (GPT-2's Conv1D); A and B are as ever. */
  readonly fanInFanOut?: boolean;
  readonly useDora?: boolean;
  /** What PEFT wraps the model as; CAUSAL_LM when left out. */
  readonly taskType?: 'CAUSAL_LM' | 'SEQ_2_SEQ_LM';
  /** Ranks and alphas of single modules, by path. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  readonly alphaPattern?: Readonly<Record<string, number>>;
}): Record<string, unknown> {
  return {
    alpha_pattern: options.alphaPattern ?? {},
    auto_mapping: null,
    base_model_name_or_path: options.baseModel,
    bias: 'none',
    exclude_modules: null,
    fan_in_fan_out: options.fanInFanOut ?? false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: options.alpha,
    lora_bias: false,
    lora_dropout: options.dropout ?? 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: options.rank,
    rank_pattern: options.rankPattern ?? {},
    revision: null,
    target_modules: [...options.targetModules].sort(),
    task_type: options.taskType ?? 'CAUSAL_LM',
    use_dora: options.useDora ?? false,
    use_rslora: options.useRslora ?? false,
  };
}

function matchPattern(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  for (const [key, value] of Object.entries(patterns)) {
    if (module === key || module.endsWith(`.${key}`)) return value;
    let pattern: RegExp;
    try {
      // PEFT's own rule: the key is a regular expression for the end of the path, at a dot.
      pattern = new RegExp(`^(?:.*\\.)?(?:${key})$`);
    } catch (cause) {
      throw new AdapterError({ code: 'adapter-bad-config', message: `The pattern ${JSON.stringify(key)} of the adapter is no regular expression.`, facts: { pattern: key }, cause });
    }
    if (pattern.test(module)) return value;
  }
  return undefined;
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
