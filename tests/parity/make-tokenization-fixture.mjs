// Texts as the tokenizers of several models cut them, each token as its bytes (Latin-1), for libs/fusion/src/real-tokenizers.spec.ts.
// Usage (after node tools/build.mjs): node tests/parity/make-tokenization-fixture.mjs PIVOT.gguf SOURCE.gguf…
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openGguf } from '@tunesmith/checkpoints';
import { Tokenizer, tokenizerFilesFromGguf } from '@tunesmith/tokenizers';
import { tokenizerTexts } from './tokenizer-texts.mjs';

const paths = process.argv.slice(2);
if (paths.length < 2) throw new Error('Usage: node tests/parity/make-tokenization-fixture.mjs PIVOT.gguf SOURCE.gguf…');
const fixed = [...tokenizerTexts(18)];
const random = [...tokenizerTexts(58)].slice(18);
// As conversations, so that the markers of one vocabulary are letters of another.
const texts = [0, 6, 12].map((from) => `<|im_start|>user\n${fixed.slice(from, from + 6).join(' ').slice(0, 400)}<|im_end|>\n<|im_start|>assistant\n${random.slice(from, from + 8).join(' ')}<|im_end|>\n`);
const tokenizations = {};
for (const path of paths) {
  await using source = await openGguf(path);
  const files = tokenizerFilesFromGguf(source.metadata);
  const tokenizer = Tokenizer.fromFiles({ tokenizer: files['tokenizer.json'], tokenizerConfig: files['tokenizer_config.json'], generationConfig: files['generation_config.json'] });
  tokenizations[basename(path).split('.')[0]] = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }).map((id) => Buffer.from(tokenizer.tokenBytes(id)).toString('latin1')));
}
writeFileSync(fileURLToPath(new URL('fixtures/fusion/tokenizations.json', import.meta.url)), `${JSON.stringify({ texts, tokenizations })}\n`);
