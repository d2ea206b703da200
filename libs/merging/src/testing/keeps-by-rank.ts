import { scope, tensor, zeros } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { mergeTensors } from './merge-tensors.js';

/** Defines the test of methods that keep differences by chance, the larger of a row the likelier (DELLA, arXiv 2406.11617). */
export function keepsByRank(method: MergeMethod): void {
  test('keeps large differences of a row more often than small ones', () => {
    scope(() => {
      const [rows, width] = [2000, 16];
      const base = zeros([rows, width]);
      const order = [3, 9, 0, 15, 7, 1, 12, 4, 10, 2, 14, 6, 8, 11, 5, 13];
      const row = order.map((rank) => (rank % 2 === 0 ? 1 : -1) * (rank + 1));
      const model = tensor(Array.from({ length: rows }, () => row).flat(), { shape: [rows, width] });
      const values = mergeTensors(method, { base, models: [model] }, { weight: 1, density: 0.5, epsilon: 0.3, rescale: false }).toArray();
      order.forEach((rank, column) => {
        const kept = Array.from({ length: rows }, (_, each) => values[each * width + column]!).filter((value) => value !== 0).length / rows;
        expect(Math.abs(kept - (0.2 + (0.6 * rank) / 15))).toBeLessThan(0.05);
      });
    });
  });
}
