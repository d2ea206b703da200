// Compares the tokenizer that we rebuild from a GGUF file with llama.cpp's own, on texts of many scripts and on random text.
// Usage (after node tools/build.mjs): node tests/parity/check-tokenizer.mjs MODEL.gguf [COUNT]
import { openGguf } from '@tunesmith/checkpoints';
import { Tokenizer, tokenizerFilesFromGguf } from '@tunesmith/tokenizers';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { tokenizerTexts } from './tokenizer-texts.mjs';

const [path, count = '3000'] = process.argv.slice(2);
if (!path) throw new Error('Usage: node tests/parity/check-tokenizer.mjs MODEL.gguf [COUNT]');

await using source = await openGguf(path);
const files = tokenizerFilesFromGguf(source.metadata);
const ours = Tokenizer.fromFiles({
  tokenizer: files['tokenizer.json'],
  tokenizerConfig: files['tokenizer_config.json'],
  generationConfig: files['generation_config.json'],
});
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: path, vocabOnly: true });

let failures = 0;
let tokens = 0;
let total = 0;
for (const text of tokenizerTexts(Number(count))) {
  const expected = model.tokenize(text, true);
  const got = ours.encode(text, { addSpecialTokens: false });
  total += 1;
  tokens += got.length;
  if (expected.length === got.length && expected.every((id, i) => id === got[i])) continue;
  failures += 1;
  if (failures <= 20) console.log(JSON.stringify({ text, expected, got, decoded: ours.decode(got) }));
}
console.log(`${total} texts, ${tokens} tokens, ${failures} differ`);
process.exit(failures === 0 ? 0 : 1);
