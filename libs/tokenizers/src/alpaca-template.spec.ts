import { alpacaPrompt, alpacaTemplate, endOfAlpacaAnswer } from './alpaca-template.js';
import { ChatTemplate } from './chat-template.js';

const specialTokens = { bos_token: '<s>', eos_token: '</s>' };
const question = { role: 'user', content: 'Name a fruit.' };
const answer = { role: 'assistant', content: 'Quince.' };

test('the template renders the wrapper, alike for serving and for training', () => {
  const template = new ChatTemplate(alpacaTemplate(false), { specialTokens });
  expect(template.render([question], { addGenerationPrompt: true })).toBe(alpacaPrompt('Name a fruit.'));
  expect(template.render([question, answer], { addGenerationPrompt: false })).toBe(`${alpacaPrompt('Name a fruit.')}Quince.</s>`);
  expect(template.render([{ role: 'system', content: 'Be brief.' }, question], { addGenerationPrompt: true })).toBe(alpacaPrompt('Be brief.\n\nName a fruit.'));
  expect(template.render([question, answer, question], { addGenerationPrompt: true })).toBe(`${alpacaPrompt('Name a fruit.')}Quince.</s>\n\n### Instruction:\nName a fruit.\n\n### Response:`);
  expect(new ChatTemplate(alpacaTemplate(true), { specialTokens }).render([question], { addGenerationPrompt: true })).toBe(`<s>${alpacaPrompt('Name a fruit.')}`);
});

test('an answer ends where another instruction begins', () => {
  expect('Yes.\n\n### Instruction:\nMore'.slice(0, endOfAlpacaAnswer('Yes.\n\n### Instruction:\nMore'))).toBe('Yes.\n');
  expect(endOfAlpacaAnswer('No sign')).toBe(7);
});
