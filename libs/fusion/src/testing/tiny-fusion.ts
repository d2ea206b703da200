import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTinyModel } from '@tunesmith/tests-support';

/** Three short conversations and one of more than 200 tokens to train on, and one held out, as a dataset folder. */
export async function writeConversations(folder: string): Promise<void> {
  const row = (question: string, answer: string, split = 'train') => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }], split, tags: ['small'] });
  const rows = [
    row('Where is the fox?', 'The fox is in the hole, and the other one too.'),
    row('Who asks?', 'I, another hunter: Zoë.'),
    row('And now?', 'Now the other\n\n  fox ran out.'),
    row('At length?', 'Without end, '.repeat(40)),
    row('Held out?', 'In the end, yes.', 'validation'),
  ];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rows.jsonl'), rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

/**
 * A tiny base model that reads text otherwise than `writeTinyModel`'s: other merges, one beginning token, no special token of a chat and no
 * template.
 */
export async function writeForeignModel(folder: string, seed = 2): Promise<void> {
  await writeTinyModel(folder, { seed, hiddenSize: 32 });
  interface TokenizerJson {
    added_tokens: { id: number; content: string }[];
    post_processor: unknown;
    model: { vocab: Record<string, number>; merges: string[] };
  }
  const path = join(folder, 'tokenizer.json');
  const tokenizer = JSON.parse(await readFile(path, 'utf8')) as TokenizerJson;
  const merges = ['h e', 'o t', 'ot he', 'Ġ o', 'n d', 'a nd', 'i s', 'e r'];
  const characters = Object.keys(tokenizer.model.vocab).slice(0, 256);
  const tokens = [...characters, ...merges.map((merge) => merge.replace(' ', '')), '<bos>', '<eos>'];
  tokenizer.model.vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  tokenizer.model.merges = merges;
  tokenizer.added_tokens = tokenizer.added_tokens.map((token, number) => ({ ...token, content: ['<bos>', '<eos>'][number]! }));
  const bos = { SpecialToken: { id: '<bos>', type_id: 0 } };
  const text = { Sequence: { id: 'A', type_id: 0 } };
  tokenizer.post_processor = { type: 'TemplateProcessing', single: [bos, text], pair: [bos, text], special_tokens: { '<bos>': { id: '<bos>', ids: [tokens.indexOf('<bos>')], tokens: ['<bos>'] } } };
  await writeFile(path, JSON.stringify(tokenizer));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<bos>', eos_token: '<eos>' }));
  await rm(join(folder, 'chat_template.jinja'));
}
