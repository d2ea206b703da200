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
    expect(() => graph.node('a', 'Neg', ['y'])).toThrow('a/Neg uses y');
    graph.node('b', 'Neg', [x], { outputs: ['y'] });
    expect(() => graph.node('c', 'Neg', [x], { outputs: ['y'] })).toThrow('two values called y');
    expect(() => graph.output('z', 'float32', [1])).toThrow('z');
    expect(() => graph.output('x', 'float32', [1], 'y')).toThrow('two values called x');
    await expect(graph.tensor('x', 'uint8', [1], new Uint8Array(1))).rejects.toThrow('two values called x');
    expect(() => graph.view('v', [1], 'nothing')).toThrow('no tensor called nothing');
  }));

test('nodes of one module and operator are counted; an input that is left out needs no producer', () =>
  withGraph((graph) => {
    const x = graph.input('x', 'float32', [1]);
    expect(graph.node('a', 'Clip', [x, '', x])).toEqual(['a/Clip/output_0']);
    expect(graph.value('a', 'Clip', [x])).toBe('a/Clip_1/output_0');
  }));

test('an output gives its name to the value that it is', () =>
  withGraph((graph) => {
    const negative = graph.value('a', 'Neg', [graph.input('x', 'float32', [1])]);
    graph.node('b', 'Abs', [negative]);
    graph.output('y', 'float32', [1], negative);
    expect(graph.finish().nodes.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([[['x'], ['y']], [['y'], ['b/Abs/output_0']]]);
  }));

test('a constant may be asked for again, in a branch too, and a shared value is made once', () =>
  withGraph((graph) => {
    expect(graph.constant('int64', [1])).toBe(graph.branch('then').constant('int64', [1]));
    expect(graph.scalar('int64', 1)).not.toBe(graph.constant('int64', [1]));
    expect(graph.finish().initializers).toHaveLength(2);
    const made = ['x', 'y'].map((name) => graph.once('shared', () => graph.input(name, 'float32', [1])));
    expect(made).toEqual(['x', 'x']);
  }));

test('a branch sees the values of its graph, and has none of their names', () =>
  withGraph((graph) => {
    const x = graph.input('x', 'float32', [1]);
    graph.value('a', 'Neg', [x]);
    const branch = graph.branch('then');
    expect(branch.value('a', 'Neg', [x])).toBe('a/Neg_1/output_0');
    expect(graph.finish().nodes).toHaveLength(1);
    expect(() => branch.input('x', 'float32', [1])).toThrow('two values called x');
  }));

test('tensors lie aligned; whole, in pieces, or in pieces with places; and with exactly their bytes', () =>
  withGraph(async (graph, path) => {
    async function* pieces() {
      yield new Uint8Array([1, 2]);
      yield new Uint8Array([3]);
    }
    async function* placed() {
      yield { at: 2, bytes: new Uint8Array([7, 8]) };
      yield { at: 0, bytes: new Uint8Array([5, 6]) };
    }
    await graph.tensor('small', 'uint8', [3], pieces());
    await graph.tensor('large', 'uint8', [1 << 20], new Uint8Array(1 << 20).fill(9));
    await graph.tensor('next', 'int32', [1], placed());
    const places = graph.finish().initializers.map(({ data }) => ('offset' in data ? [data.offset, data.length] : []));
    expect(places).toEqual([
      [0, 3],
      [1 << 16, 1 << 20],
      [(1 << 16) + (1 << 20), 4],
    ]);
    const bytes = await readFile(path);
    expect([...bytes.subarray(0, 4), bytes[1 << 16], ...bytes.subarray((1 << 16) + (1 << 20))]).toEqual([1, 2, 3, 0, 9, 5, 6, 7, 8]);
    await expect(graph.tensor('short', 'float32', [2], new Uint8Array(4))).rejects.toThrow('takes 8 bytes, was given 4');
    await expect(graph.tensor('long', 'float32', [1], new Uint8Array(8))).rejects.toThrow('takes 4 bytes, was given 8');
  }));
