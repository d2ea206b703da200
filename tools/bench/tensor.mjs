// Figures of the tensor room, each against what it replaces, in one process on the same work. Times are processor time, so a busy machine moves them less.
// Usage: node tools/build.mjs && node tools/bench/tensor.mjs [--threads 1]
import { parseArgs } from 'node:util';
import { arange, fusedLinearCrossEntropy, limitCachedMemory, memoryUse, noGrad, ops, randn, resetPeakMemory, scope, setThreads, trimMemory, zeros } from '../../libs/tensor/dist/index.js';

const { values } = parseArgs({ options: { threads: { type: 'string', default: '1' } } });
setThreads(Number(values.threads));

/** Milliseconds of processor time per run, the median of five rounds. */
function measure(body, runs = 5) {
  scope(body);
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let run = 0; run < runs; run += 1) scope(body);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / runs;
  });
  return rounds.toSorted((a, b) => a - b)[2];
}

function compare(what, ours, theirs, runs) {
  const [mine, other] = [measure(ours, runs), measure(theirs, runs)];
  console.log(`${what.padEnd(58)} ${mine.toFixed(2).padStart(9)} ms  ${other.toFixed(2).padStart(9)} ms  ${(other / mine).toFixed(2).padStart(6)} x`);
}

const bfloat16 = (shape) => noGrad(() => ops.toDtype(ops.mulScalar(randn(shape), 0.05), 'bfloat16'));
const leaf = (shape) => bfloat16(shape).setRequiresGrad(true);

/** Forward and backward; the gradients of the leaves are forgotten first. */
const bothWays = (leaves, body) => () => {
  for (const each of leaves) each.zeroGrad();
  const result = body();
  result.backward(ops.onesLike(result));
};

const [small, other] = [zeros([4]), zeros([4])];
console.log(`a call of an operator, its result disposed: ${((measure(() => void ops.add(small, other).dispose(), 200_000) * 1000)).toFixed(2)} us`);

console.log(`\n${'products in few bits beside float32, 640 x 576 x 1536'.padEnd(58)} ${'few bits'.padStart(9)}     ${'float32'.padStart(9)}     ${'ratio'.padStart(6)}`);
const matrices = (dtype) => [[640, 576], [1536, 576]].map((shape) => noGrad(() => ops.toDtype(randn(shape), dtype)));
const wide = matrices('float32');
for (const dtype of ['bfloat16', 'float16']) {
  const narrow = matrices(dtype);
  compare(dtype, () => ops.linear(...narrow), () => ops.linear(...wide));
}

console.log(`\n${'forward and backward, bfloat16, 1024 tokens'.padEnd(58)} ${'ours'.padStart(9)}     ${'operators'.padStart(9)}     ${'ratio'.padStart(6)}`);
const [tokens, width, inner, heads, keyHeads, dim] = [1024, 576, 1536, 9, 3, 64];
const x = leaf([tokens, width]);
const weight = bfloat16([width]);
compare('RMSNorm, width 576', bothWays([x], () => ops.fusedRmsNorm(x, weight, 1e-5)), bothWays([x], () => ops.rmsNorm(x, [width], weight, 1e-5)));

const gateUp = leaf([tokens, 2 * inner]);
compare('SwiGLU, width 1536', bothWays([gateUp], () => ops.gatedActivation(gateUp, 'silu')), bothWays([gateUp], () => {
  const [gate, up] = ops.chunk(gateUp, 2, 1);
  return ops.mul(ops.silu(gate), up);
}));

const query = leaf([tokens, heads, dim]);
const [cosines, sines] = [bfloat16([tokens, 1, dim]), bfloat16([tokens, 1, dim])];
compare('rotary positions, 9 heads of 64', bothWays([query], () => ops.rotate(query, cosines, sines)), bothWays([query], () => {
  const [first, second] = ops.chunk(query, 2, -1);
  return ops.add(ops.mul(query, cosines), ops.mul(ops.cat([ops.neg(second), first], -1), sines));
}));

const [key, value] = [leaf([tokens, keyHeads, dim]), leaf([tokens, keyHeads, dim])];
for (const length of [64, 128, 512, 1024]) {
  const boundaries = Array.from({ length: tokens / length + 1 }, (_, row) => row * length);
  const byRow = (body) => ops.cat(boundaries.slice(1).map((end, row) => body(...[query, key, value].map((each) => ops.narrow(each, 0, boundaries[row], end - boundaries[row])))), 0);
  const heads4 = (each) => ops.unsqueeze(ops.transpose(each, 0, 1), 0);
  compare(`attention, rows of ${length}, 9 heads over 3`, bothWays([query, key, value], () => ops.packedAttention(query, key, value, boundaries, 0.125)),
    bothWays([query, key, value], () => byRow((q, k, v) => ops.transpose(ops.squeeze(ops.scaledDotProductAttention(heads4(q), heads4(k), heads4(v), null, 0, true, 0.125, true), 0), 0, 1))));
}

console.log('\nlinear and cross entropy, forward and backward, bfloat16 (gradient of hidden)');
for (const vocabulary of [49_152, 131_072]) {
  const projection = bfloat16([vocabulary, width]);
  const targets = ops.toDtype(ops.remainderScalar(ops.mulScalar(arange(0, tokens), 37), vocabulary), 'int64');
  const fused = () => {
    x.zeroGrad();
    fusedLinearCrossEntropy(x, projection, targets).backward();
  };
  const full = () => {
    x.zeroGrad();
    ops.crossEntropyLoss(ops.toDtype(ops.linear(x, projection), 'float32'), targets).backward();
  };
  compare(`vocabulary ${vocabulary}`, fused, full, 2);
  const peak = (body) => {
    resetPeakMemory();
    const before = memoryUse().liveBytes;
    scope(body);
    return (memoryUse().peakBytes - before) / 2 ** 20;
  };
  const [mine, theirs] = [peak(fused), peak(full)];
  console.log(`${'  memory on top'.padEnd(58)} ${mine.toFixed(0).padStart(9)} MB  ${theirs.toFixed(0).padStart(9)} MB  ${(theirs / mine).toFixed(2).padStart(6)} x`);
  projection.dispose();
  targets.dispose();
}

console.log('\na layer of large temporaries (linear, SwiGLU, linear, forward and backward), with and without kept memory');
const [up, down] = [bfloat16([2 * inner, width]), bfloat16([width, inner])];
const layer = bothWays([x], () => ops.linear(ops.gatedActivation(ops.linear(x, up), 'silu'), down));
const keptTime = measure(layer, 10);
limitCachedMemory(0);
const freshTime = measure(layer, 10);
console.log(`kept ${keptTime.toFixed(2)} ms, fresh pages each time ${freshTime.toFixed(2)} ms: ${(freshTime / keptTime).toFixed(2)} x`);
trimMemory();
