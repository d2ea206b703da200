import { ChatTemplate } from '@tunesmith/tokenizers';
import { builtInTemplates } from './built-in-templates.js';

const said = { system: 's', user: 'u', assistant: 'a' };
const messages = (...roles: (keyof typeof said)[]) => roles.map((role) => ({ role, content: said[role] }));
const render = (name: string, ...roles: (keyof typeof said)[]) => new ChatTemplate(builtInTemplates.get(name)!, { specialTokens: { bos_token: '<s>', eos_token: '</s>' } }).render(messages(...roles), { addGenerationPrompt: roles.at(-1) === 'user' });

test.each([
  ['chatml', ['system', 'user'], '<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n'],
  ['llama3', ['user', 'assistant'], '<s><|start_header_id|>user<|end_header_id|>\n\nu<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\na<|eot_id|>'],
  ['mistral', ['system', 'user', 'assistant', 'user'], '<s>[INST] s\n\nu [/INST] a</s>[INST] u [/INST]'],
  ['mistral', ['user'], '<s>[INST] u [/INST]'],
  ['alpaca', ['system', 'user', 'assistant'], '<s>s\n\n### Instruction:\nu\n\n### Response:\na</s>\n\n'],
  ['exaone', ['user', 'assistant'], '[|system|][|endofturn|]\n[|user|]u\n[|assistant|]a[|endofturn|]\n'],
  ['exaone', ['system', 'user'], '[|system|]s[|endofturn|]\n[|user|]u\n[|assistant|]'],
] as const)('%s writes %j as its models were taught', (name, roles, text) => {
  expect(render(name, ...roles)).toBe(text);
});
