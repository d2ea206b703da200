import { onnx } from 'onnx-proto';
import { join } from 'node:path';
import { temporaryFolder } from '../../testing/tiny-models.js';
import { encodeModel } from './encode-model.js';
import { ExternalDataFile } from './external-data-file.js';
import { GraphBuilder } from './graph-builder.js';

/** A graph with one of everything that our graphs have. */
async function sampleModel(folder: string): Promise<Uint8Array> {
  await using data = await ExternalDataFile.create(join(folder, 'model.onnx_data'));
  const graph = new GraphBuilder('sample', data);
  const input = graph.input('x', 'float32', ['batch_size', 4]);
  await graph.tensor('padding', 'uint8', [3], new Uint8Array([1, 2, 3]));
  const weight = await graph.tensor('weight', 'float32', [4, 2], new Uint8Array(32));
  graph.view('weight.flat', [8], weight);
  const product = graph.value('product', 'MatMul', [input, weight]);
  const scaled = graph.value('product', 'Mul', [product, graph.scalar('float32', 0.5)]);
  graph.node('normed', 'SkipSimplifiedLayerNormalization', [scaled, scaled, 'weight.flat'], { domain: 'com.microsoft', attributes: { epsilon: { float: 1e-5 } }, outputs: ['z', '', '', 'sum'] });
  graph.value('turned', 'Transpose', ['z'], { perm: { ints: [1, 0] }, axis: { int: -1 }, mode: { string: 'tanh' } });
  const branch = graph.branch('then');
  branch.output('chosen', 'float32', [4], branch.value('branch', 'Add', ['z', branch.scalar('float32', 2)]));
  graph.value('choice', 'If', ['x'], { then_branch: { graph: branch.finish() } });
  graph.output('y', 'float32', ['batch_size', 2], scaled);
  return encodeModel(graph.finish(), { name: 'tunesmith', version: '1' });
}

test('onnx-proto reads what was written', async () => {
  await using folder = await temporaryFolder();
  const bytes = await sampleModel(folder.path);
  const model = onnx.ModelProto.decode(bytes);
  const read = onnx.ModelProto.toObject(model, { longs: Number, enums: String, bytes: Array }) as unknown;
  expect(read).toMatchObject({
    irVersion: 10,
    producerName: 'tunesmith',
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'sample',
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch_size' }, { dimValue: 4 }] } } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch_size' }, { dimValue: 2 }] } } } }],
      initializer: [
        { name: 'padding', dims: [3], dataType: 2, dataLocation: 'EXTERNAL' },
        {
          name: 'weight',
          dims: [4, 2],
          externalData: [
            { key: 'location', value: 'model.onnx_data' },
            { key: 'offset', value: '4096' },
            { key: 'length', value: '32' },
          ],
        },
        { name: 'weight.flat', dims: [8], externalData: [{}, { value: '4096' }, { value: '32' }] },
        { name: 'float32[]:0.5', dataType: 1, rawData: [...Buffer.from(new Float32Array([0.5]).buffer)] },
        { name: 'float32[]:2' },
      ],
      node: [
        { name: 'product/MatMul', opType: 'MatMul', input: ['x', 'weight'], output: ['product/MatMul/output_0'] },
        { opType: 'Mul', output: ['y'] },
        { opType: 'SkipSimplifiedLayerNormalization', input: ['y', 'y', 'weight.flat'], domain: 'com.microsoft', output: ['z', '', '', 'sum'], attribute: [{ name: 'epsilon', type: 'FLOAT', f: Math.fround(1e-5) }] },
        {
          attribute: [
            { name: 'perm', type: 'INTS', ints: [1, 0] },
            { name: 'axis', type: 'INT', i: -1 },
            { name: 'mode', type: 'STRING', s: [...Buffer.from('tanh')] },
          ],
        },
        { attribute: [{ name: 'then_branch', type: 'GRAPH', g: { name: 'then', node: [{ opType: 'Add', output: ['chosen'] }], output: [{ name: 'chosen' }] } }] },
      ],
    },
  });
});
