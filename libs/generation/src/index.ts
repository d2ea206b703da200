export { answerConversation, answerConversations, type Answer, type AnswerOptions } from './answer-conversation.js';
export { completeRowsWithModel, type CompletedRows, type CompleteRowsOptions } from './complete-rows.js';
export { generate, type Generation, type GenerationOptions, type GenerationRequest } from './generate.js';
export { GenerationError } from './generation-error.js';
export { formatOf, loadForInference, type InferenceModel, type LoadForInferenceOptions } from './load-for-inference.js';
export { parseScoreRow, scoreTokens, type ScoreRow, type TokenScores } from './score-tokens.js';
export { tokenBatches, type BatchLimits } from './token-batches.js';
export { tokenLogProbs, type MaskedTokens } from './token-log-probs.js';
