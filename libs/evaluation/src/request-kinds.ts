import { answerLoss } from './requests/answer-loss.js';
import { answer } from './requests/answer.js';
import { conversation } from './requests/conversation.js';
import type { EvaluationRequest } from './requests/evaluation-request.js';
import { generateUntil } from './requests/generate-until.js';
import { loglikelihoodRolling } from './requests/loglikelihood-rolling.js';
import { loglikelihood } from './requests/loglikelihood.js';
import type { RequestKind } from './requests/request-kind.js';

/** Every way to ask a model. */
export const requestKinds: { readonly [Kind in EvaluationRequest['kind']]: RequestKind<Kind> } = {
  loglikelihood,
  loglikelihood_rolling: loglikelihoodRolling,
  generate_until: generateUntil,
  answer,
  conversation,
  answer_loss: answerLoss,
};
