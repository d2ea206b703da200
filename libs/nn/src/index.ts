/** What models are built from: modules, attention over packed rows, the cache, LoRA. */
export { packedAttention, type AttentionOptions } from './attention.js';
export { Embedding } from './embedding.js';
export { gateActivation, type GateActivation } from './gate-activation.js';
export { KeyValueCache, type CacheLayer, type CacheShape } from './key-value-cache.js';
export { Linear } from './linear.js';
export { LinearGroup } from './linear-group.js';
export { LoraLinear, type LoraOptions } from './lora-linear.js';
export { loraParts, type LoraPartsOptions } from './lora-parts.js';
export { Module } from './module.js';
export { isOutputHead } from './output-head.js';
export { packTokens, rowLengths, type PackTokensOptions } from './pack-tokens.js';
export type { PackedTokens } from './packed-tokens.js';
export type { LinearLike, Parts } from './parts.js';
export { plainParts } from './plain-parts.js';
export { project } from './project.js';
export { RmsNorm } from './rms-norm.js';
export { rotate, RotaryEmbedding, type Rotation } from './rotary-embedding.js';
export { llama3Divisors, rotarySpeeds, type Llama3Scaling, type RotaryScaling, type RotarySettings } from './rotary-settings.js';
