// What transformers.js makes of model folders: for each job one line of JSON with the tokens that it reads and those that it answers, greedily, and its text.
// Usage: node transformers-js-answers.mjs MODULE JOBS.json    MODULE: the file of @huggingface/transformers; jobs: {folder, dtype?, kind, prompt, tokens}[]
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const [module, jobs] = process.argv.slice(2);
const { AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, env } = await import(module);
env.allowRemoteModels = false;
const integers = ({ data }) => Array.from(data, Number);
for (const { folder, dtype, kind, prompt, tokens } of JSON.parse(readFileSync(jobs, 'utf8'))) {
  env.localModelPath = dirname(folder);
  const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
  const decoder = kind === 'decoder';
  const model = await (decoder ? AutoModelForCausalLM : AutoModelForSeq2SeqLM).from_pretrained(basename(folder), dtype ? { dtype } : {});
  const inputs = decoder ? tokenizer.apply_chat_template([{ role: 'user', content: prompt }], { add_generation_prompt: true, return_dict: true }) : tokenizer(prompt);
  const sequence = integers(await model.generate({ ...inputs, max_new_tokens: tokens, do_sample: false }));
  const read = integers(inputs.input_ids);
  // An encoder-decoder's answer begins with the token that every one begins with.
  const made = sequence.slice(decoder ? read.length : 1);
  console.log(JSON.stringify({ read, made, text: tokenizer.decode(made, { skip_special_tokens: true }) }));
  await model.dispose();
}
