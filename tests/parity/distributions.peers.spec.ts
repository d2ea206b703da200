import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '@tunesmith/tests-support';
import { distributionsFile, DistributionsWriter, type RowDistributions } from '@tunesmith/training';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// What models said of a dataset, as Apache Arrow's own library reads it.

const python = join(findPythonPeers()!, 'bin', 'python');
const script = `
import json, sys, pyarrow as pa
with pa.memory_map(sys.argv[1]) as file:
    table = pa.ipc.open_file(file).read_all()
    table.validate(full=True)
    print(json.dumps({"types": {field.name: str(field.type) for field in table.schema}, "metadata": {key.decode(): value.decode() for key, value in table.schema.metadata.items()}, "rows": [{key: repr(value) for key, value in row.items()} for row in table.to_pylist()]}))
`;
const half = (...values: number[]): Uint16Array => new Uint16Array(Float16Array.from(values).buffer);
const rows: readonly RowDistributions[] = [
  { tokenIds: [5, 6, 7], places: Int32Array.of(0, 1), indices: Int32Array.of(6, 1, 7, 2), logits: half(-0.5, -1, -2, -3), crossEntropy: 0.75 },
  { tokenIds: [], places: new Int32Array(0), indices: new Int32Array(0), logits: new Uint16Array(0), crossEntropy: NaN },
  { tokenIds: [8, 9, 3, 4], places: Int32Array.of(2), indices: Int32Array.of(4, 0), logits: half(0, -Infinity), crossEntropy: 2 },
];

test('pyarrow reads and validates the distributions that are written here, splits without rows too', async () => {
  await using folder = await temporaryFolder('distributions');
  await using writer = await DistributionsWriter.create(folder.path, 2);
  await writer.begin('validation');
  for (const row of rows) await writer.append('train', row);
  await writer.finish({ by: 'a spec' });
  const { stdout } = await promisify(execFile)(python, ['-c', script, join(folder.path, distributionsFile)]);
  expect(JSON.parse(stdout)).toEqual({
    types: {
      split: 'string', token_ids: 'large_list<item: int32 not null>', places: 'large_list<item: int32 not null>', cross_entropy: 'float',
      indices: 'large_list<item: fixed_size_list<item: int32 not null>[2] not null>', logits: 'large_list<item: fixed_size_list<item: halffloat not null>[2] not null>',
    },
    metadata: { by: 'a spec', format: 'tunesmith-distributions-3', splits: 'validation,train' },
    rows: [
      { split: "'train'", token_ids: '[5, 6, 7]', places: '[0, 1]', indices: '[[6, 1], [7, 2]]', logits: '[[-0.5, -1.0], [-2.0, -3.0]]', cross_entropy: '0.75' },
      { split: "'train'", token_ids: '[]', places: '[]', indices: '[]', logits: '[]', cross_entropy: 'nan' },
      { split: "'train'", token_ids: '[8, 9, 3, 4]', places: '[2]', indices: '[[4, 0]]', logits: '[[0.0, -inf]]', cross_entropy: '2.0' },
    ],
  });
});
