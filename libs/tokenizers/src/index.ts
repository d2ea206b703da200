export { ChatTemplate, type RenderOptions } from './chat-template.js';
export { templateLimits, type TemplateLimits } from './bounded-jinja.js';
export type { ConversationFormat, EncodedConversation, EncodedPrompt, LossWeighing, WeighedText } from './conversation-format.js';
export { ChatTemplateError, DoubledBosError, EmptyLossMaskError, SourceTargetError, TemplateMismatchError, TokenizerError } from './errors.js';
export { tokenizerFilesFromGguf, type RebuiltTokenizer } from './gguf-tokenizer.js';
export { SourceTargetFormat } from './source-target-format.js';
export { type SpecialTokens } from './special-tokens.js';
export { Tokenizer, type TokenizerFiles } from './tokenizer.js';
export { type ChatMessage, type ChatTool } from './training-spans.js';
