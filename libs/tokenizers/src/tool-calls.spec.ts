import { ChatTemplate } from './chat-template.js';
import { SourceTargetFormat } from './source-target-format.js';
import { chatTokenizer } from './testing/small-tokenizers.js';

/** A template in the manner of those that know tools: the list in a system turn, calls as JSON between marks, answers of tools in turns of the user. */
const withTools =
  "{% if tools %}{{ '<|im_start|>system\nTools:' }}{% for tool in tools %}{{ '\n' + (tool | tojson) }}{% endfor %}{{ '<|im_end|>\n' }}{% endif %}" +
  "{% for m in messages %}{% if m.role == 'tool' %}{{ '<|im_start|>user\nresult: ' + m.content + '<|im_end|>\n' }}{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content }}" +
  "{% for call in m.tool_calls or [] %}{{ '\ncall: {\"name\": \"' + call.function.name + '\", \"arguments\": ' + (call.function.arguments | tojson) + '}' }}{% endfor %}{{ '<|im_end|>\n' }}{% endif %}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const withoutTools = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const tools = [{ type: 'function', function: { name: 'jump', description: 'Jumps.', parameters: { type: 'object' } } }];
const call = { type: 'function', function: { name: 'jump', arguments: { over: 'the dog', times: 2 } } };
const conversation = [
  { role: 'user', content: 'Jump!' },
  { role: 'assistant', content: '', tool_calls: [call] },
  { role: 'tool', content: 'done', name: 'jump' },
  { role: 'assistant', content: 'The fox jumps.' },
];

describe('tool calls', () => {
  it('are rendered, and trained where the assistant calls; what the tool says is not', () => {
    const tokenizer = chatTokenizer();
    const { tokenIds, lossMask } = new ChatTemplate(withTools).encodeForTraining(tokenizer, conversation, undefined, tools);
    expect(tokenizer.decode(tokenIds)).toContain('Tools:\n{"type": "function", "function": {"name": "jump"');
    expect(tokenizer.decode(tokenIds.filter((_, place) => lossMask[place]))).toBe('\ncall: {"name": "jump", "arguments": {"over": "the dog", "times": 2}}<|im_end|>The fox jumps.<|im_end|>');
  });

  it('begin with the tokens that serving sends', () => {
    const tokenizer = chatTokenizer();
    const template = new ChatTemplate(withTools);
    const { tokenIds, lossMask } = template.encodeForTraining(tokenizer, conversation, undefined, tools);
    expect(template.encodePrompt(tokenizer, conversation.slice(0, 1), tools).tokenIds).toEqual(tokenIds.slice(0, lossMask.indexOf(true)));
  });

  it('are refused where the template leaves them out', () => {
    const template = new ChatTemplate(withoutTools);
    const refused = expect.objectContaining({ code: 'tools-not-rendered', message: expect.stringContaining('the tool jump') });
    expect(() => template.encodeForTraining(chatTokenizer(), conversation, undefined, tools)).toThrow(refused);
    // What the template writes anyway may hold the name of a tool.
    const named = [{ type: 'function', function: { name: 'start' } }];
    expect(() => template.encodePrompt(chatTokenizer(), conversation.slice(0, 1), named)).toThrow(expect.objectContaining({ code: 'tools-not-rendered' }));
    expect(() => template.encodePrompt(chatTokenizer(), conversation.slice(0, 1), tools)).toThrow(refused);
    expect(() => template.encodeForTraining(chatTokenizer(), conversation)).toThrow(expect.objectContaining({ code: 'tools-not-rendered', message: expect.stringContaining('a call of jump') }));
    expect(() => new SourceTargetFormat(0).encodePrompt(chatTokenizer(), conversation.slice(0, 1), tools)).toThrow(expect.objectContaining({ code: 'tools-not-rendered' }));
  });
});
