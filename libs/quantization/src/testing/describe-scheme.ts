import fc from 'fast-check';
import { checkRowLength, encodeRows, type QuantizationScheme } from '../schemes/quantization-scheme.js';
import { schemes } from '../schemes/schemes.js';

export interface SchemeBounds {
  /** How far an element of a block may come back from where it was. `largest` is the block's largest magnitude. */
  largestError(largest: number): number;
  /** Turns integers 0…255, one per element of a block, into numbers that the scheme holds exactly. Absent: it searches for the scale, and need not find the exact one. */
  representable?(levels: readonly number[]): number[];
}

/** What every scheme must hold; its own spec adds what its format fixes. */
export function describeScheme(scheme: QuantizationScheme, bounds: SchemeBounds): void {
  const { blockElements } = scheme;
  const rowLength = Math.max(2, blockElements * 2);
  // Weights as they occur, and beyond on both sides.
  const weight = fc.oneof(fc.float({ min: -4, max: 4, noNaN: true }), fc.float({ min: Math.fround(-1e-5), max: Math.fround(1e-5), noNaN: true }), fc.float({ min: -5000, max: 5000, noNaN: true }), fc.constant(0));
  // Of long rows fast-check makes a few numbers, and the row repeats them, scaled: drawing all would take longer than all the rest.
  const drawn = Math.min(rowLength, 64);
  const row = fc.array(weight, { minLength: drawn, maxLength: drawn }).map((values) => Float32Array.from({ length: rowLength }, (_, i) => values[i % drawn]! / (1 + Math.floor(i / drawn))));

  describe(`scheme ${scheme.name}`, () => {
    test('stands in the list once', () => {
      expect(schemes.filter(({ name }) => name === scheme.name)).toEqual([scheme]);
    });

    test('fills its planes exactly', () => {
      const planes = scheme.encode(new Float32Array(rowLength).fill(0.5));
      expect(planes.map((bytes) => bytes.length)).toEqual(scheme.planes.map(({ bytesPerBlock }) => (rowLength / blockElements) * bytesPerBlock));
    });

    test('comes back within its bound', () => {
      fc.assert(
        fc.property(row, (values) => {
          const decoded = scheme.decode(scheme.encode(values), values.length);
          expect(decoded).toHaveLength(values.length);
          const beyond: object[] = [];
          for (let start = 0; start < values.length; start += blockElements) {
            const block = values.subarray(start, start + blockElements);
            const bound = bounds.largestError(block.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
            block.forEach((value, i) => void (Math.abs(decoded[start + i]! - value) <= bound || beyond.push({ value, decoded: decoded[start + i], bound })));
          }
          expect(beyond).toEqual([]);
        }),
        { numRuns: 300 },
      );
    });

    const { representable } = bounds;
    if (representable) {
      test('is exact on what it can hold', () => {
        fc.assert(
          fc.property(fc.array(fc.nat(255), { minLength: blockElements, maxLength: blockElements }), (levels) => {
            const values = new Float32Array(representable(levels));
            expect(scheme.decode(scheme.encode(values), values.length)).toEqual(values);
          }),
        );
      });
    }

    test('zeros stay zeros', () => {
      const zeros = new Float32Array(rowLength);
      // -0 is a zero too.
      expect([...scheme.decode(scheme.encode(zeros), rowLength)].every((value) => value === 0)).toBe(true);
    });

    test('encodes each block by itself', () => {
      fc.assert(
        fc.property(row, (values) => {
          const whole = scheme.encode(values);
          const halves = [scheme.encode(values.slice(0, rowLength / 2)), scheme.encode(values.slice(rowLength / 2))];
          expect(whole.map((bytes) => [...bytes])).toEqual(scheme.planes.map((_, plane) => halves.flatMap((half) => [...half[plane]!])));
        }),
        { numRuns: 50 },
      );
    });

    test.each([NaN, Infinity, -Infinity])('refuses %p and says where', (bad) => {
      const values = new Float32Array(rowLength * 2);
      values[rowLength + 1] = bad;
      expect(() => encodeRows(scheme, values, rowLength, 'blk.0.weight', 7)).toThrow(expect.objectContaining({ code: 'value-not-finite', message: expect.stringMatching(/blk\.0\.weight.*row 8, column 1/) }));
    });

    if (blockElements > 1) {
      test('refuses rows that are not whole blocks', () => {
        expect(() => checkRowLength(scheme, blockElements + 1, 'blk.0.weight')).toThrow(
          expect.objectContaining({ code: 'row-not-divisible', message: expect.stringContaining(`multiple of ${blockElements}`) }),
        );
      });
    }
  });
}
