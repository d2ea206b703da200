import type { LossScaleRule } from './weigh-response.js';

/** A loss scale by name: weights for parts of a response, and for a whole response where the question holds one of some phrases. */
export interface LossScale {
  readonly response: LossScaleRule;
  readonly query?: Readonly<Record<string, number>>;
}

const react: LossScaleRule = {
  'Action:': [2, 2],
  'Action Input:': [2, 2],
  'Thought:': [1, 1],
  'Final Answer:': [1, 1],
  'Observation:': [2, 0],
};

/** SWIFT's own scales under SWIFT's names (ms-swift, swift/loss_scale/config). What a tool answered is never trained on. */
export const builtInScales: Readonly<Record<string, LossScale>> = {
  base: { response: {} },
  react: { response: react },
  alpha_umi: { response: { ...react, 'Next:': [2, 2] } },
  agentflan: {
    response: {
      'Name:': [1, 3],
      'Action:': [1, 3],
      'ACTION:': [1, 3],
      'Tool:': [1, 3],
      Command: [1, 3],
      'Arguments:': [1, 3],
      'action input': [1, 3],
      'ACTION_INPUT:': [1, 3],
      'Action Input:': [1, 3],
      'Thought:': [1, 1],
      'Final Answer:': [1, 1],
      'Observation:': [2, 0],
    },
    query: {
      'What is the tool you want to use': 3,
      'What are the required parameter names': 3,
      'What is the value of': 3,
      'What are the required parameter names for this tool': 3,
    },
  },
  qwen: { response: { '✿FUNCTION✿:': [2, 2], '✿ARGS✿:': [2, 2], '✿RETURN✿:': [1, 1], '✿RESULT✿:': [2, 0] } },
  hermes: { response: { '<tool_call>.+?</tool_call>': [2] } },
  ignore_empty_think: {
    response: {
      '^<think>\\s*</think>\\s*': [0],
      '^<seed:think><seed:cot_budget_reflect>The current thinking budget is 0, so I will directly start answering the question.</seed:cot_budget_reflect>\\n</seed:think>\\s*': [0],
      '^</think>\\s*': [0],
      '^<\\|channel>thought\\n<channel\\|>': [0],
      '^</mm:think>\\s*': [0],
    },
  },
  ignore_think_prefix: { response: { '^<think>\\n?': [0] } },
};
