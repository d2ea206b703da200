import type { TensorPiece } from './graph-builder.js';

/** How much of a matrix is turned round at a time. */
const defaultStripBytes = 64 << 20;

/** Whole rows of a matrix [rows, columns] of elements of that many bytes, in order -> the pieces of its transpose, from one strip of rows after another. */
export async function* transposedPieces(pieces: AsyncIterable<Uint8Array>, [rows, columns]: readonly [number, number], elementSize: 2 | 4, stripBytes = defaultStripBytes): AsyncGenerator<TensorPiece> {
  const stripRows = Math.min(rows, Math.max(1, Math.floor(stripBytes / (columns * elementSize))));
  const strip = elementSize === 2 ? new Uint16Array(columns * stripRows) : new Uint32Array(columns * stripRows); // [columns, stripRows]
  let firstRow = 0;
  let filled = 0;
  for await (const bytes of pieces) {
    const elements = elementSize === 2 ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2) : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const count = elements.length / columns;
    for (let done = 0; done < count; ) {
      const taken = Math.min(count - done, stripRows - filled);
      for (let column = 0; column < columns; column += 1) {
        for (let row = 0; row < taken; row += 1) strip[column * stripRows + filled + row] = elements[(done + row) * columns + column]!;
      }
      filled += taken;
      done += taken;
      if (filled < stripRows && firstRow + filled < rows) continue;
      if (filled === rows) yield { at: 0, bytes: new Uint8Array(strip.buffer) };
      else {
        for (let column = 0; column < columns; column += 1) {
          yield { at: (column * rows + firstRow) * elementSize, bytes: new Uint8Array(strip.buffer, column * stripRows * elementSize, filled * elementSize) };
        }
      }
      firstRow += filled;
      filled = 0;
    }
  }
}
