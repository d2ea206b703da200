// The loss of a large vocabulary: time and memory of our fused kernel beside the plain way (logits, float32 cross-entropy, backward), in one process.
// Usage: node tools/build.mjs && node tools/bench/loss-memory.mjs [--tokens 1024] [--vocabulary 262144] [--width 640] [--threads 1] [--weight-gradient]
import { parseArgs } from 'node:util';
import { arange, fusedLinearCrossEntropy, memoryUse, noGrad, ops, randn, resetPeakMemory, scope, setThreads, trimMemory } from '../../libs/tensor/dist/index.js';
import { printFigure } from './figure.mjs';

const text = (fallback) => ({ type: 'string', default: fallback });
const { values } = parseArgs({
  options: { tokens: text('1024'), vocabulary: text('262144'), width: text('640'), threads: text('1'), rounds: text('3'), 'weight-gradient': { type: 'boolean', default: false } },
});
const [tokens, vocabulary, width] = [values.tokens, values.vocabulary, values.width].map(Number);
setThreads(Number(values.threads));

const bfloat16 = (shape) => noGrad(() => scope(() => ops.toDtype(ops.mulScalar(randn(shape), 0.05), 'bfloat16')));
const hidden = bfloat16([tokens, width]).setRequiresGrad(true);
const weight = bfloat16([vocabulary, width]).setRequiresGrad(values['weight-gradient']);
const targets = ops.toDtype(ops.remainderScalar(ops.mulScalar(arange(0, tokens), 37), vocabulary), 'int64');

const ways = {
  fused: () => fusedLinearCrossEntropy(hidden, weight, targets).backward(),
  plain: () => ops.crossEntropyLoss(ops.toDtype(ops.linear(hidden, weight), 'float32'), targets).backward(),
};

/** Seconds of processor time, the least of the rounds, and bytes at the highest above what was there. */
const figures = { fused: { seconds: Infinity, bytes: 0 }, plain: { seconds: Infinity, bytes: 0 } };
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [name, body] of Object.entries(ways)) {
    for (const leaf of [hidden, weight]) leaf.zeroGrad();
    trimMemory();
    resetPeakMemory();
    const before = memoryUse().liveBytes;
    const started = process.cpuUsage();
    scope(body);
    const { user, system } = process.cpuUsage(started);
    figures[name].seconds = Math.min(figures[name].seconds, (user + system) / 1e6);
    figures[name].bytes = memoryUse().peakBytes - before;
  }
}

console.log(`${tokens} tokens, vocabulary ${vocabulary}, width ${width}, bfloat16, ${values['weight-gradient'] ? 'gradients of hidden and weight' : 'gradient of hidden'}`);
for (const [name, { seconds, bytes }] of Object.entries(figures)) console.log(`  ${name}: ${seconds.toFixed(2)} s of processor time, ${(bytes / 1e6).toFixed(0)} MB on top`);
printFigure('memory beside the plain way', figures.fused.bytes / figures.plain.bytes, 'x', values['weight-gradient'] ? undefined : 0.25);
printFigure('time beside the plain way', figures.fused.seconds / figures.plain.seconds, 'x', 1.1);
