import { ops, RandomGenerator, randn, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { encodeGgufBlocks, type GgufScheme } from '../schemes/gguf-scheme.js';
import { schemes } from '../schemes/schemes.js';
import { roundLayerToBlocks, roundToBlocks } from './block-gptq.js';
import { hessian, inverseFactor, type InverseFactor } from './inverse-factor.js';

const blockSchemes = schemes.filter((scheme): scheme is GgufScheme => scheme.gguf !== undefined && scheme.blockElements > 1);
const [rows, columns, tokens] = [37, 512, 1200];
const origin = { tensor: 'w', firstRow: 0 };

/** Weights, and inputs whose columns go together and differ in size. */
function draw(seed = 3): { weight: Tensor; input: Tensor } {
  const generator = new RandomGenerator(seed);
  const mixed = ops.mulScalar(randn([columns, columns], { generator }), 0.3);
  const sizes = tensor(Float32Array.from({ length: columns }, (_, column) => 0.2 + ((column * 37) % 11) / 3));
  return { weight: ops.mulScalar(randn([rows, columns], { generator }), 0.1), input: ops.mul(ops.matmul(randn([tokens, columns], { generator }), mixed), sizes) };
}

const factorOf = (input: Tensor): InverseFactor => inverseFactor(hessian(input, 'w'), { damping: 0.01, byActivation: true, path: 'w' });
const decoded = (scheme: GgufScheme, blocks: Tensor): Tensor => tensor(scheme.decode([blocks.toBytes()], rows * columns), { shape: [rows, columns] });
const loss = (input: Tensor, weight: Tensor, other: Tensor): number => ops.sumAll(ops.square(ops.matmul(input, ops.t(ops.sub(weight, other))))).item();

describe.each(blockSchemes.map((scheme) => [scheme.name, scheme] as const))('%s', (_, scheme) => {
  test('rounded so that columns make up for each other computes nearer to the weight than rounded plainly, with or without an importance matrix', () => {
    scope(() => {
      const { weight, input } = draw();
      const factor = factorOf(input);
      const { blocks, values } = roundToBlocks(weight, factor, scheme, 'w');
      const ours = decoded(scheme, blocks);
      const plain = loss(input, weight, decoded(scheme, encodeGgufBlocks(scheme, weight, origin)));
      const weighed = loss(input, weight, decoded(scheme, encodeGgufBlocks(scheme, weight, origin, factor.diagonal)));
      expect(loss(input, weight, ours)).toBeLessThan(0.7 * Math.min(plain, weighed));
      // What the next layers are given is what a reader of the file computes with.
      expect(ops.amax(ops.abs(ops.sub(ours, values)), [0, 1]).item()).toBeLessThan(1e-6);
    });
  });

  test('keeps the scales of the plain encoder, and where inputs have nothing to do with each other takes the nearest level of each', () => {
    scope(() => {
      const { weight } = draw(5);
      const identity = ops.diag(ops.onesLike(ops.select(weight, 0, 0)));
      const factor = inverseFactor(identity, { damping: 0.01, byActivation: true, path: 'w' });
      const plain = encodeGgufBlocks(scheme, weight, origin, factor.diagonal);
      const { blocks } = roundToBlocks(weight, factor, scheme, 'w');
      const [[scales, offsets], [own, ownOffsets]] = [ops.ggufGrids(plain, scheme.gguf.type), ops.ggufGrids(blocks, scheme.gguf.type)];
      expect([ops.equal(scales, own), ops.equal(offsets, ownOffsets)]).toEqual([true, true]);
      const errors = (of: Tensor) => ops.abs(ops.sub(weight, decoded(scheme, of)));
      // To the last bits of float32.
      expect(ops.amax(ops.sub(errors(blocks), errors(plain)), [0, 1]).item()).toBeLessThan(1e-6);
    });
  });

  test('gives the same blocks again, of the size of plain ones', () => {
    scope(() => {
      const { weight, input } = draw(7);
      const { blocks } = roundToBlocks(weight, factorOf(input), scheme, 'w');
      const again = roundToBlocks(weight, factorOf(input), scheme, 'w');
      expect(ops.equal(blocks, again.blocks)).toBe(true);
      expect(blocks.shape).toEqual([rows, (columns / scheme.blockElements) * scheme.planes[0]!.bytesPerBlock]);
    });
  });
});

/** The definition, a row at a time in float64 (arXiv 2208.11580, equation 3): round a column, spread its error by the inverse Hessian, take it out. */
function roundByDefinition(weight: number[][], inverse: number[][], order: readonly number[], nearest: (row: number, column: number, value: number) => number): number[][] {
  return weight.map((weights, row) => {
    const left = [...weights];
    const remaining = inverse.map((each) => Float64Array.from(each));
    const rounded = new Array<number>(left.length);
    for (const [turn, column] of order.entries()) {
      rounded[column] = nearest(row, column, left[column]!);
      const error = (left[column]! - rounded[column]) / remaining[column]![column]!;
      const own = remaining[column]!.slice();
      for (const other of order.slice(turn + 1)) {
        left[other]! -= error * own[other]!;
        const line = remaining[other]!;
        for (const b of order.slice(turn + 1)) line[b]! -= (own[other]! * own[b]!) / own[column]!;
      }
    }
    return rounded;
  });
}

test.each(['Q4_0', 'Q5_1'])('%s: what the definition gives', (type) => {
  scope(() => {
    const scheme = blockSchemes.find(({ gguf }) => gguf.type === type)!;
    const [few, width] = [4, 96];
    const drawn = draw(9);
    const [weight, input] = [ops.contiguous(ops.narrow(ops.narrow(drawn.weight, 0, 0, few), 1, 0, width)), ops.contiguous(ops.narrow(drawn.input, 1, 0, width))];
    const moments = hessian(input, 'w');
    const factor = inverseFactor(moments, { damping: 0.01, byActivation: true, path: 'w' });
    const { blocks, values } = roundToBlocks(weight, factor, scheme, 'w');
    const [scales, offsets] = ops.ggufGrids(blocks, type).map((each) => (typeof each === 'number' ? [] : lines(each))) as [number[][], number[][]];
    const wide = ops.toDtype(moments, 'float64');
    const diagonal = ops.diagonal(wide);
    const inverse = lines(ops.inverse(ops.add(wide, ops.diag(ops.mulScalar(ops.onesLike(diagonal), 0.01 * ops.meanAll(diagonal).item())))));
    const [zero, top] = type === 'Q4_0' ? [8, 15] : [0, 31];
    const expected = roundByDefinition(lines(weight), inverse, [...factor.order], (row, column, value) => {
      const [scale, offset] = [scales[Math.floor(column / 32)]![row]!, offsets[Math.floor(column / 32)]![row]!];
      return (Math.min(top, Math.max(0, Math.round((value + offset) / scale) + zero)) - zero) * scale - offset;
    });
    const [all, own] = [expected.flat(), values.toArray()];
    // float32 may choose another level where a number stands halfway, and go on from there.
    expect(all.filter((value, at) => Math.abs(value - own[at]!) < 1e-6).length).toBeGreaterThan(0.97 * all.length);
  });
});

test('a layer: linears with one input share its factor, one without a grid stays, and what no token reaches is left out', () => {
  scope(() => {
    const { weight, input } = draw();
    const grid = blockSchemes.find(({ name }) => name === 'q4_k')!;
    const linear = (path: string, own: GgufScheme | null) => ({ path, role: 'ffn_up', weight, grid: own });
    const [first, second, plain, unseen] = [linear('first', grid), linear('second', grid), linear('plain', null), linear('unseen', grid)];
    const rounded = roundLayerToBlocks(
      {
        linears: [first, second, plain, unseen],
        vectors: [],
        compute(visit) {
          expect(ops.equal(visit(first, input), visit(second, input))).toBe(true);
          expect(visit(plain, input)).toBe(weight);
        },
      },
      0.01,
    );
    expect([...rounded.keys()]).toEqual(['first.weight', 'second.weight']);
    expect(rounded.get('first.weight')).toEqual({ bytes: roundToBlocks(weight, factorOf(input), grid, 'w').blocks.toBytes(), shape: [rows, 288] });
  });
});

test('a scale that float16 cannot hold is refused by the name of the weight', () => {
  scope(() => {
    const { weight, input } = draw();
    const factor = factorOf(input);
    expect(() => roundToBlocks(ops.mulScalar(weight, 1e9), factor, blockSchemes[0]!, 'layers.1.up.weight')).toThrow(expect.objectContaining({ code: 'value-out-of-range', message: expect.stringContaining('layers.1.up.weight') }));
  });
});

function lines(values: Tensor): number[][] {
  const all = values.toArray();
  const width = values.shape[1]!;
  return Array.from({ length: values.shape[0]! }, (_, row) => all.slice(row * width, (row + 1) * width));
}
