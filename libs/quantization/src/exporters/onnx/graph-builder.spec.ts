import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../testing/tiny-models.js';
import { ExternalDataFile } from './external-data-file.js';
import { GraphBuilder } from './graph-builder.js';

async function withGraph(body: (graph: GraphBuilder, path: string) => Promise<void> | void): Promise<void> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'data');
  await using data = await ExternalDataFile.create(path);
  await body(new GraphBuilder('graph', data), path);
}

test('an edge to nowhere, a name used twice and an output that nothing makes are refused', () =>
  withGraph(async (graph) => {
    const x = graph.input('x', 'float32', [1]);
    expect(() => graph.node('/a', 'Neg', ['y'])).toThrow('/a uses y');
    graph.node('/b', 'Neg', [x], { outputs: ['y'] });
    expect(() => graph.node('/b', 'Neg', [x])).toThrow('two nodes called /b');
    expect(() => graph.node('/c', 'Neg', [x], { outputs: ['y'] })).toThrow('two values called y');
    expect(() => graph.output('z', 'float32', [1])).toThrow('z');
    await expect(graph.tensor('x', 'uint8', [1], new Uint8Array(1))).rejects.toThrow('two values called x');
    expect(() => graph.view('v', [1], 'nothing')).toThrow('no tensor called nothing');
  }));

test('an input that is left out needs no producer', () =>
  withGraph((graph) => {
    const x = graph.input('x', 'float32', [1]);
    expect(graph.node('/a', 'Clip', [x, '', x])).toEqual(['/a/output_0']);
  }));

test('a constant may be asked for again', () =>
  withGraph((graph) => {
    expect(graph.constant('one', 'int64', [1])).toBe(graph.constant('one', 'int64', [1]));
    expect(graph.finish().initializers).toHaveLength(1);
  }));

test('tensors lie aligned, in pieces or whole, and with exactly their bytes', () =>
  withGraph(async (graph, path) => {
    async function* pieces() {
      yield new Uint8Array([1, 2]);
      yield new Uint8Array([3]);
    }
    await graph.tensor('small', 'uint8', [3], pieces());
    await graph.tensor('large', 'uint8', [1 << 20], new Uint8Array(1 << 20).fill(9));
    await graph.tensor('next', 'int32', [1], new Uint8Array([5, 0, 0, 0]));
    const places = graph.finish().initializers.map(({ data }) => ('offset' in data ? [data.offset, data.length] : []));
    expect(places).toEqual([
      [0, 3],
      [1 << 16, 1 << 20],
      [(1 << 16) + (1 << 20), 4],
    ]);
    const bytes = await readFile(path);
    expect([...bytes.subarray(0, 4), bytes[1 << 16], bytes[(1 << 16) + (1 << 20)]]).toEqual([1, 2, 3, 0, 9, 5]);
    await expect(graph.tensor('short', 'float32', [2], new Uint8Array(4))).rejects.toThrow('takes 8 bytes, was given 4');
  }));
