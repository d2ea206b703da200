// What llama.cpp thinks of a text, token by token: the reference for perplexities.
//     node tests/parity/llama-cpp-scores.mjs FILE.gguf TEXT.txt [--threads N]
// Prints {"tokens":[…],"logProbs":[null,…]}: natural logarithms, the first token has none. Runs in a process of its own, because its calls block.
import { readFile } from 'node:fs/promises';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const [modelPath, textPath, , threads = '2'] = process.argv.slice(2);
if (!modelPath || !textPath) {
  console.error('usage: node tests/parity/llama-cpp-scores.mjs FILE.gguf TEXT.txt [--threads N]');
  process.exit(2);
}

const llama = await getLlama({ gpu: false, build: 'never', maxThreads: Number(threads), logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath });
const tokens = model.tokenize(await readFile(textPath, 'utf8'), false);
const context = await model.createContext({ contextSize: tokens.length + 8, batchSize: tokens.length + 8, threads: Number(threads) });
const sequence = context.getSequence();

// Without a temperature the chain is greedy only, so the logits are raw; log p(t) = l_t - l_max - ln(sum of exp(l - l_max)).
const input = tokens.map((token, index) => {
  const next = tokens[index + 1];
  return next === undefined ? token : [token, { generateNext: { logits: { filter: { tokens: [next], includeTop: 1 } }, totalLogitWeight: true } }];
});
const evaluated = await sequence.controlledEvaluate(input);
const logProbs = tokens.map((token, index) => {
  const next = index === 0 ? undefined : evaluated[index - 1]?.next;
  if (!next) return null;
  const logit = next.logits.get(token);
  const largest = Math.max(...next.logits.values());
  return logit - largest - Math.log(next.totalLogitWeight);
});
console.log(JSON.stringify({ tokens, logProbs }));
await llama.dispose();
