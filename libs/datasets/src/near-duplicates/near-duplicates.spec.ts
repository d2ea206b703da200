import fc from 'fast-check';
import { counterUniform } from '../counter-random.js';
import { MinHash, resemblance, signatureBytes } from './min-hash.js';
import { NearDuplicateFinder } from './near-duplicate-finder.js';
import { nearDuplicates } from './near-duplicates.js';

const vocabulary = Array.from({ length: 2000 }, (_, index) => index.toString(36) + (index * 7919).toString(36));
const words = (seed: number, count: number): string[] => Array.from({ length: count }, (_, place) => vocabulary[Math.floor(counterUniform(seed, 0, place) * vocabulary.length)]!);

/** The same words with some of them replaced. */
const changed = (original: readonly string[], seed: number, share: number): string[] => original.map((word, place) => (counterUniform(seed, 1, place) < share ? vocabulary[Math.floor(counterUniform(seed, 2, place) * vocabulary.length)]! : word));

function shingles(text: string): Set<string> {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, ' ').trim();
  return new Set(Array.from({ length: Math.max(1, plain.length - 4) }, (_, start) => plain.slice(start, start + 5)));
}

function exactShare(left: string, right: string): number {
  const [one, other] = [shingles(left), shingles(right)];
  const common = [...one].filter((shingle) => other.has(shingle)).length;
  return common / (one.size + other.size - common);
}

function estimated(left: string, right: string): number {
  const minHash = new MinHash();
  const signatures = new Uint8Array(2 * signatureBytes);
  minHash.sign(left, signatures.subarray(0, signatureBytes));
  minHash.sign(right, signatures.subarray(signatureBytes));
  return resemblance(signatures, 0, signatures, signatureBytes);
}

describe('resemblance of signatures', () => {
  test('estimates the share of common shingles', () => {
    let squares = 0;
    const pairs = 150;
    for (let seed = 0; seed < pairs; seed += 1) {
      const original = words(seed, 20 + seed);
      const other = changed(original, seed, (seed % 10) / 12).join(' ');
      squares += (estimated(original.join(' '), other) - exactShare(original.join(' '), other)) ** 2;
    }
    // A share of 128 bytes that agree with a chance of a half is off by 0.044.
    expect(Math.sqrt(squares / pairs)).toBeLessThan(0.055);
  });

  test('does not see case, punctuation and blanks', () => {
    expect(estimated('How far is the moon?', '  how far\n is THE moon')).toBe(1);
    expect(estimated('Wie weit ist der Mond?', 'How far is the moon?')).toBeLessThan(0.3);
  });

  test('keeps short texts apart, and texts of signs alone', () => {
    const texts = ['a', 'b', 'ab', '?!', '...', '你好', '谢谢', '1', '42'];
    for (const left of texts) for (const right of texts) expect(estimated(left, right) > 0.5).toBe(left === right);
  });
});

describe('nearDuplicates', () => {
  const original = words(1, 80).join(' ');
  const near = changed(words(1, 80), 2, 0.03).join(' ');
  const unrelated = words(3, 80).join(' ');

  test('finds what nearly repeats an earlier text, in the own set and in another', () => {
    expect(exactShare(original, near)).toBeGreaterThan(0.85);
    expect(nearDuplicates([original, unrelated, near, original])).toEqual([undefined, undefined, { of: 'texts', index: 0 }, { of: 'texts', index: 0 }]);
    expect(nearDuplicates([unrelated, near], { against: [words(9, 5).join(' '), original] })).toEqual([undefined, { of: 'against', index: 1 }]);
    expect(nearDuplicates([])).toEqual([]);
  });

  test('the threshold says how near', () => {
    const far = changed(words(1, 80), 4, 0.25).join(' ');
    expect(exactShare(original, far)).toBeLessThan(0.65);
    expect(nearDuplicates([original, far])).toEqual([undefined, undefined]);
    expect(nearDuplicates([original, far], { threshold: 0.3 })[1]).toEqual({ of: 'texts', index: 0 });
    expect(() => nearDuplicates([], { threshold: 0 })).toThrow(expect.objectContaining({ code: 'bad-threshold' }));
  });

  test('agrees with comparing all pairs, but for pairs close to the threshold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const texts = Array.from({ length: 40 }, (_, index) => changed(words(seed + (index % 8), 60), seed + index, [0, 0.02, 0.5][index % 3]!).join(' '));
        const found = nearDuplicates(texts);
        for (const [index, text] of texts.entries()) {
          const best = Math.max(0, ...texts.slice(0, index).map((earlier) => exactShare(earlier, text)));
          if (best > 0.93) expect(found[index]).toBeDefined();
          if (best < 0.65) expect(found[index]).toBeUndefined();
        }
      }),
      { numRuns: 5 },
    );
  });

  test('does not compare all rows of one template with one another', () => {
    // Half of each text is the template: many agree in a band, none is a near duplicate.
    const template = words(7, 60).join(' ');
    const texts = Array.from({ length: 500 }, (_, index) => `${template} ${words(index + 100, 25).join(' ')}`);
    texts.push(`${texts[499]!} x`);
    const found = nearDuplicates(texts);
    expect(found.slice(0, 500).filter(Boolean)).toEqual([]);
    expect(found[500]).toEqual({ of: 'texts', index: 499 });
  });

  test('finds the same where signatures go to a file', () => {
    const texts = Array.from({ length: 18_000 }, (_, index) => `row ${index % 12_000} of ${(index % 12_000) * 7919} many`);
    const found = (rowsInMemory: number): Int32Array => {
      using finder = new NearDuplicateFinder({ rowsInMemory, threshold: 0.95 });
      for (const text of texts) finder.add(text);
      return finder.firstOfEach();
    };
    const inFile = found(1);
    expect(inFile).toEqual(found(100_000));
    expect(inFile[17_999]).toBe(inFile[5999]);
  });
});
