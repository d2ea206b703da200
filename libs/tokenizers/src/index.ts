export { ChatTemplate, type EncodedConversation, type RenderOptions } from './chat-template.js';
export { templateLimits, type TemplateLimits } from './bounded-jinja.js';
export { ChatTemplateError, DoubledBosError, EmptyLossMaskError, TemplateMismatchError, TokenizerError } from './errors.js';
export { tokenizerFilesFromGguf, type RebuiltTokenizer } from './gguf-tokenizer.js';
export { type SpecialTokens } from './special-tokens.js';
export { Tokenizer, type TokenizerFiles } from './tokenizer.js';
export { type ChatMessage } from './training-spans.js';
