// Seconds to find the near duplicates of 100,000 rows on one core: a tenth are copies with a few words changed, so that it is known what is to be found.
// Usage: node tools/build.mjs && node tools/bench/near-duplicates.mjs [--rows 100000] [--words 150] [--threshold 0.8]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printFigure, root } from './figure.mjs';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '100000' }, words: { type: 'string', default: '150' }, threshold: { type: 'string', default: '0.8' } } });
const { counterUniform, nearDuplicates } = await import(join(root, 'libs/datasets/dist/index.js'));
const [rows, words, threshold] = [values.rows, values.words, values.threshold].map(Number);
const vocabulary = Array.from({ length: 20_000 }, (_, index) => Array.from({ length: 2 + (index % 5) }, (_each, place) => 'aeiou'[(index + place * 7) % 5] + 'bdfklmnprst'[Math.floor(index / (place + 1)) % 11]).join(''));
// Frequencies fall as in a language: common words stand in most texts.
const word = (seed, place) => vocabulary[Math.floor(vocabulary.length * counterUniform(seed, 0, place) ** 4)];
const texts = [];
let copies = 0;
for (let row = 0; row < rows; row += 1) {
  const copied = row >= 10 && row % 10 === 0;
  copies += copied;
  const seed = copied ? row - 9 : row;
  texts.push(Array.from({ length: words }, (_, place) => (copied && counterUniform(row, 1, place) < 0.02 ? word(row, place) : word(seed, place))).join(' '));
}
const start = process.cpuUsage();
const began = performance.now();
const found = nearDuplicates(texts, { threshold });
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(start);
const right = found.filter((each, row) => each && row % 10 === 0 && each.index === row - 9).length;
console.log(`found ${right} of ${copies} copies, and ${found.filter(Boolean).length - right} others`);
printFigure(`near duplicates of ${rows} rows of ${words} words`, seconds, 's', 20);
printFigure('  processor time', (user + system) / 1e6, 's');
if (right < 0.99 * copies || found.filter(Boolean).length - right > 0.001 * rows) process.exitCode = 1;
