import { describeMetric } from './describe-metric.js';

test.each([
  ['loss', 2.5, 'loss 2.5000'],
  ['evaluationLoss', 0.5, 'evaluation loss 0.5000'],
  ['learningRate', 2e-4, 'learning rate 2.00e-4'],
  ['tokensPerSecond', 481.3, '481 tokens/s'],
  ['rowsPerSecond', 3.71, '3.7 rows/s'],
  ['memoryBytes', 1.2 * 2 ** 30, 'memory 1.2 GB'],
])('%s %d is told as %s', (name, value, expected) => expect(describeMetric(name, value)).toBe(expected));
