import { TunesmithError } from '@tunesmith/tensor';

/** Tokenizer files that are missing, damaged, or of a kind that is not supported; token ids that do not exist. */
export class TokenizerError extends TunesmithError {}

/** A chat template that cannot be parsed, refuses the conversation, or exceeds its limits. */
export class ChatTemplateError extends TunesmithError {}

/** A conversation is rendered differently for training and for serving: what would be learned is not what is asked later. */
export class TemplateMismatchError extends TunesmithError {}

/** A conversation of which no token would be trained. */
export class EmptyLossMaskError extends TunesmithError {}

/** A text begins with two beginning-of-sequence tokens: template and tokenizer both wrote one. */
export class DoubledBosError extends TunesmithError {}

/** A conversation that an encoder-decoder cannot read as one source and one target. */
export class SourceTargetError extends TunesmithError {}

/** A template of an evaluation task that cannot be parsed (`task-template-syntax`) or rendered (`task-template-failed`). */
export class TaskTemplateError extends TunesmithError {}
