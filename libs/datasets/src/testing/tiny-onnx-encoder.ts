import { writeFile } from 'node:fs/promises';

/** A field of a protobuf message: numbers as varints, the rest as bytes. */
type Field = readonly [number: number, value: number | Uint8Array | string];

function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === 'number') return [varint(number << 3), varint(value)];
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    return [varint((number << 3) | 2), varint(bytes.length), bytes];
  });
  return new Uint8Array(Buffer.concat(parts));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** Of onnx.proto's ValueInfoProto: a tensor whose sizes have names or values. */
function valueInfo(name: string, elementType: number, sizes: readonly (string | number)[]): Uint8Array {
  const dimensions = sizes.map((size): Field => [1, typeof size === 'string' ? message([2, size]) : message([1, size])]);
  return message([1, name], [2, message([1, message([1, elementType], [2, message(...dimensions)])])]);
}

/** An ONNX file whose last hidden state is the row of a table for each token: `Gather(table, input_ids)`. */
export async function writeTinyOnnxEncoder(path: string, table: readonly (readonly number[])[], output = 'last_hidden_state'): Promise<void> {
  const [float, int64] = [1, 7];
  const width = table[0]!.length;
  const tensor = message([1, table.length], [1, width], [2, float], [8, 'table'], [9, new Uint8Array(Float32Array.from(table.flat()).buffer)]);
  const node = message([1, 'table'], [1, 'input_ids'], [2, output], [4, 'Gather']);
  const graph = message([1, node], [2, 'encoder'], [5, tensor], [11, valueInfo('input_ids', int64, ['rows', 'tokens'])], [12, valueInfo(output, float, ['rows', 'tokens', width])]);
  await writeFile(path, message([1, 8], [7, graph], [8, message([1, ''], [2, 17])]));
}
