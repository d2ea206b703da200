const begin = '{{ bos_token }}';

/** Chat templates by the names that mergekit gives them, in our own words after the published formats of the models that use them. */
export const builtInTemplates: ReadonlyMap<string, string> = new Map([
  ['chatml', "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"],
  ['llama3', `${begin}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}`],
  // What the system says stands before the first question, in the same brackets.
  ['mistral', `${begin}{% for message in messages %}{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}{% elif not (loop.first and message['role'] == 'system') %}{{ '[INST] ' + (messages[0]['content'] | trim + '\\n\\n' if loop.index0 == 1 and messages[0]['role'] == 'system' else '') + message['content'] | trim + ' [/INST]' }}{% endif %}{% endfor %}`],
  ['alpaca', `${begin}{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}{% else %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}`],
  ['exaone', "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '[|system|][|endofturn|]\\n' }}{% endif %}{{ '[|' + message['role'] + '|]' + message['content'] }}{% if message['role'] == 'user' %}{{ '\\n' }}{% else %}{{ '[|endofturn|]\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}"],
]);
