import fc from 'fast-check';
import { transposedPieces } from './transposed-pieces.js';

const size = fc.integer({ min: 1, max: 12 });

test.each([2, 4] as const)('a matrix of elements of %p bytes is turned round, however it comes in pieces and whatever is held at once', async (elementSize) => {
  await fc.assert(
    fc.asyncProperty(size, size, size, fc.integer({ min: 1, max: 300 }), async (rows, columns, pieceRows, stripBytes) => {
      const element = (row: number, column: number) => 1 + row * columns + column;
      const Elements = elementSize === 2 ? Uint16Array : Uint32Array;
      async function* pieces() {
        for (let start = 0; start < rows; start += pieceRows) {
          const count = Math.min(pieceRows, rows - start);
          const piece = new Elements(count * columns);
          for (let i = 0; i < piece.length; i += 1) piece[i] = element(start + Math.floor(i / columns), i % columns);
          yield new Uint8Array(piece.buffer);
        }
      }
      const turned = new Uint8Array(rows * columns * elementSize);
      let written = 0;
      for await (const { at, bytes } of transposedPieces(pieces(), [rows, columns], elementSize, stripBytes)) {
        turned.set(bytes, at);
        written += bytes.length;
      }
      expect(written).toBe(turned.length);
      expect([...new Elements(turned.buffer)]).toEqual(Array.from({ length: rows * columns }, (_, i) => element(i % rows, Math.floor(i / rows))));
    }),
  );
});
