/** The transpose of a matrix: [rows, columns] -> [columns, rows]. */
export function turned<Numbers extends Uint8Array | Float32Array>(values: Numbers, rows: number, columns: number): Numbers {
  const result = new (values.constructor as new (length: number) => Numbers)(values.length);
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) result[column * rows + row] = values[row * columns + column]!;
  return result;
}
