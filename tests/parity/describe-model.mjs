// Prints, as JSON, how we tokenize texts and render conversations with a model folder, and what llama.cpp thinks of a text with the GGUF file.
// Used by check-imported-model.py. Usage: node tests/parity/describe-model.mjs FOLDER [MODEL.gguf]
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { tokenizerTexts } from './tokenizer-texts.mjs';

const [folder, gguf] = process.argv.slice(2);
const tokenizer = await Tokenizer.fromFolder(folder);
const template = await ChatTemplate.fromFolder(folder);

const texts = [...tokenizerTexts(1500)].map((text) => {
  const ids = tokenizer.encode(text);
  return { text, ids, decoded: tokenizer.decode(ids), withoutSpecial: tokenizer.decode(ids, { skipSpecialTokens: true }) };
});

const user = { role: 'user', content: 'What is the capital of France?' };
const conversations = [
  [user],
  [{ role: 'system', content: 'Answer in one word.' }, user],
  [user, { role: 'assistant', content: 'Paris.' }, { role: 'user', content: '  And of Spain?\n' }],
  [user, { role: 'assistant', content: 'Paris ünd <|im_end|> more.' }],
];
const rendered = !template
  ? []
  : conversations.flatMap((messages) =>
      [true, false].map((addGenerationPrompt) => ({ messages, addGenerationPrompt, text: template.render(messages, { addGenerationPrompt }), ids: tokenizer.encode(template.render(messages, { addGenerationPrompt }), { addSpecialTokens: false }) })),
    );

const passage =
  'The sun was setting behind the hills when the travellers reached the village. An old woman offered them bread and warm milk, and told them about the river that had once crossed the valley. ' +
  'Nobody remembered when it had dried up, but every spring the children still found smooth stones in the fields.';
let reference;
if (gguf) {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 2, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: gguf });
  const context = await model.createContext({ contextSize: 512, sequences: 1, batchSize: 512 });
  const tokens = model.tokenize(passage, false);
  const results = await context.getSequence().controlledEvaluate(tokens.map((token, i) => (i + 1 < tokens.length ? [token, { generateNext: { logits: { filter: { tokens: [tokens[i + 1]], includeTop: 1 } }, totalLogitWeight: true } }] : token)));
  const logProbs = results.slice(0, tokens.length - 1).map((result, i) => {
    const { logits, totalLogitWeight } = result.next;
    const values = [...logits.values()];
    return logits.get(tokens[i + 1]) - Math.max(...values) - Math.log(totalLogitWeight);
  });
  reference = { tokens: [...tokens], logProbs };
}
// A pipe takes the JSON in pieces; leave only when it is through.
process.stdout.write(JSON.stringify({ texts, rendered, eosTokenIds: tokenizer.eosTokenIds, passage, reference }), () => process.exit(0));
