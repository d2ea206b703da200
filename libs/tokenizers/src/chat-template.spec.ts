import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChatTemplate } from './chat-template.js';
import { chatTokenizer, gemmaTokenizer, prefixTokenizer } from './testing/small-tokenizers.js';
import type { Tokenizer } from './tokenizer.js';
import type { ChatMessage } from './training-spans.js';

const message = (role: string, content: string): ChatMessage => ({ role, content });
const conversation = [message('user', 'The fox?'), message('assistant', 'It jumps.'), message('user', 'And the dog?'), message('assistant', 'Lazy!')];

/** Puts in a system message of its own where the conversation has none, as SmolLM2's template does. */
const withDefaultSystem =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}" +
  "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const gemma =
  "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";
const instruct = "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}";

/** The trained stretches as text, and everything as text. */
function trained(template: ChatTemplate, tokenizer: Tokenizer, messages: readonly ChatMessage[]) {
  const { tokenIds, lossMask } = template.encodeForTraining(tokenizer, messages);
  expect(lossMask).toHaveLength(tokenIds.length);
  const stretches: number[][] = [];
  for (const [i, id] of tokenIds.entries()) {
    if (lossMask[i] && !lossMask[i - 1]) stretches.push([]);
    if (lossMask[i]) stretches.at(-1)!.push(id);
  }
  return { all: tokenizer.decode(tokenIds), said: stretches.map((ids) => tokenizer.decode(ids)), tokenIds, lossMask };
}

describe('encodeForTraining', () => {
  it('trains what the assistant says, with its end and without the line break after it', () => {
    const template = new ChatTemplate(withDefaultSystem);
    const { all, said } = trained(template, chatTokenizer(), conversation);
    expect(said).toEqual(['It jumps.<|im_end|>', 'Lazy!<|im_end|>']);
    expect(all).toBe(template.render(conversation, { addGenerationPrompt: false }));
    expect(all).toMatch(/^<\|im_start\|>system\nBe kind\.<\|im_end\|>\n/);
  });

  it('begins every answer with the very tokens that serving sends', () => {
    const template = new ChatTemplate(withDefaultSystem);
    const tokenizer = chatTokenizer();
    const content = fc.string({ unit: fc.constantFrom(...'the fox 12\n.', '<|im_end|>', 'ä', '  '), maxLength: 12 });
    fc.assert(
      fc.property(fc.option(content), fc.array(fc.tuple(content, content), { minLength: 1, maxLength: 3 }), (system, turns) => {
        const messages = [...(system === null ? [] : [message('system', system)]), ...turns.flatMap(([question, answer]) => [message('user', question), message('assistant', answer)])];
        const { tokenIds, lossMask } = template.encodeForTraining(tokenizer, messages);
        const first = lossMask.indexOf(true);
        const question = messages.findIndex(({ role }) => role === 'assistant');
        expect(tokenIds.slice(0, first)).toEqual(template.encodePrompt(tokenizer, messages.slice(0, question)).tokenIds);
        expect(tokenizer.decode(tokenIds)).toBe(template.render(messages, { addGenerationPrompt: false }));
      }),
    );
  });

  it('knows templates that write the first token, and names of turns that differ from the roles', () => {
    const tokenizer = gemmaTokenizer();
    const { all, said, tokenIds } = trained(new ChatTemplate(gemma, { specialTokens: tokenizer.specialTokens }), tokenizer, conversation);
    expect(said).toEqual(['It jumps.<end_of_turn>', 'Lazy!<end_of_turn>']);
    expect(all).toMatch(/^<bos><start_of_turn>user\nThe fox\?<end_of_turn>\n<start_of_turn>model\nIt/);
    expect(tokenIds.filter((id) => id === tokenizer.bosTokenId)).toHaveLength(1);
  });

  it('puts no prefix space inside of a turn', () => {
    const tokenizer = prefixTokenizer();
    const template = new ChatTemplate(instruct, { specialTokens: tokenizer.specialTokens });
    const { tokenIds, said } = trained(template, tokenizer, conversation.slice(0, 2));
    expect(tokenIds).toEqual(tokenizer.encode(template.render(conversation.slice(0, 2), { addGenerationPrompt: false }), { addSpecialTokens: false }));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^ ?It jumps\.<\/s>$/);
  });

  it('uses {% generation %} blocks where the template has them', () => {
    const source =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}\n{% generation %}\n{{- m.content + '<|im_end|>\n' -}}\n{% endgeneration %}\n{% else %}{{ m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    const { said } = trained(new ChatTemplate(source), chatTokenizer(), conversation);
    // The block says that the line break is trained; its author decides.
    expect(said).toEqual(['It jumps.<|im_end|>\n', 'Lazy!<|im_end|>\n']);
  });

  it.each<[string, string, readonly ChatMessage[], string, string]>([
    ['no answer', withDefaultSystem, conversation.slice(0, 1), 'EmptyLossMaskError', 'empty-loss-mask'],
    ['an answer that the template leaves out', "{% for m in messages if m.role != 'assistant' %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}", conversation, 'EmptyLossMaskError', 'empty-loss-mask'],
    [
      'an answer of which the template leaves the end alone',
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content if m.role != 'assistant' else '') + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      conversation,
      'EmptyLossMaskError',
      'empty-loss-mask',
    ],
    ['an answer that is asked by nothing', withDefaultSystem, conversation.slice(1, 2), 'TemplateMismatchError', 'template-mismatch'],
    [
      'answers that are rendered in short once they are history',
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content if loop.last else m.content[:3]) + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      conversation,
      'TemplateMismatchError',
      'template-mismatch',
    ],
    [
      'a generation prompt that training does not have',
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}",
      conversation,
      'TemplateMismatchError',
      'template-mismatch',
    ],
    ['no end of the turn', "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}", conversation, 'ChatTemplateError', 'chat-template-without-end'],
    ['a doubled first token', '<|im_start|>' + withDefaultSystem, conversation, 'DoubledBosError', 'doubled-bos'],
    ['generation blocks that hide the question', "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}", conversation, 'TemplateMismatchError', 'template-mismatch'],
    [
      'a generation block that begins after the first word',
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}{{ m.content[:2] }}{% generation %}{{ m.content[2:] + '<|im_end|>\n' }}{% endgeneration %}{% else %}{{ m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      conversation,
      'TemplateMismatchError',
      'template-mismatch',
    ],
    ['a template that refuses', "{{ raise_exception('no') }}", conversation, 'ChatTemplateError', 'chat-template-refused'],
  ])('fails on %s', (_, source, messages, name, code) => {
    expect(() => new ChatTemplate(source).encodeForTraining(chatTokenizer(), messages)).toThrow(expect.objectContaining({ name, code }));
  });

  it('says where training and serving part', () => {
    const source = withDefaultSystem.replace("{{ '<|im_start|>assistant\n' }}", "{{ '<|im_start|>bot\n' }}");
    expect(() => new ChatTemplate(source).encodeForTraining(chatTokenizer(), conversation)).toThrow(/turn 2.*assistant.*against.*bot/);
  });
});

describe('ChatTemplate.fromFolder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const config = (value: unknown) => writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(value));

  it('is undefined for base models', async () => {
    expect(await ChatTemplate.fromFolder(folder)).toBeUndefined();
    await config({ bos_token: '<s>' });
    expect(await ChatTemplate.fromFolder(folder)).toBeUndefined();
  });

  it('takes the file of its own first, then the configuration', async () => {
    await config({ chat_template: '{{ bos_token }}config', bos_token: { content: '<s>' } });
    expect((await ChatTemplate.fromFolder(folder))?.render([], { addGenerationPrompt: false })).toBe('<s>config');
    await writeFile(join(folder, 'chat_template.jinja'), 'file {{ now }}');
    expect((await ChatTemplate.fromFolder(folder))?.render([], { addGenerationPrompt: false })).toBe('file ');
  });

  it('takes the template named default of several', async () => {
    await config({ chat_template: [{ name: 'tool_use', template: 'tools' }, { name: 'default', template: 'plain' }] });
    expect((await ChatTemplate.fromFolder(folder))?.source).toBe('plain');
    await config({ chat_template: [{ name: 'tool_use', template: 'tools' }] });
    await expect(ChatTemplate.fromFolder(folder)).rejects.toMatchObject({ code: 'chat-template-unnamed' });
  });

  it('passes on that a configuration is damaged', async () => {
    await writeFile(join(folder, 'tokenizer_config.json'), '{');
    await expect(ChatTemplate.fromFolder(folder)).rejects.toMatchObject({ code: 'file-not-json' });
  });
});
