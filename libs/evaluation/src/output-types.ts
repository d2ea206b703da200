import type { OutputType } from './harness/output-type.js';
import type { TaskConfig } from './harness/task-config.js';
import { generateUntil } from './output-types/generate-until.js';
import { loglikelihoodRolling } from './output-types/loglikelihood-rolling.js';
import { loglikelihood } from './output-types/loglikelihood.js';
import { multipleChoice } from './output-types/multiple-choice.js';

/** Every `output_type`. */
export const outputTypes: Readonly<Record<TaskConfig['output_type'], OutputType>> = {
  multiple_choice: multipleChoice,
  loglikelihood,
  loglikelihood_rolling: loglikelihoodRolling,
  generate_until: generateUntil,
};
