import { relativePositionBucket, type RelativePositionSettings } from '@tunesmith/nn';
import type { GraphParts } from './graph-parts.js';

/**
 * What T5 adds to scores by the distance of key and query: int64 positions [queries], [keys] -> float32 [heads, queries, keys]. The module's table
 * [buckets, heads] is stored by distance, so that the graph has no buckets.
 */
export async function relativeBias({ graph, store }: GraphParts, module: string, settings: RelativePositionSettings, heads: number, positions: { queries: string; keys: string }): Promise<string> {
  const farthest = settings.maxDistance;
  const table = await store.values(`${module}.weight`, [settings.buckets, heads]);
  const byOffset = new Float32Array((2 * farthest + 1) * heads);
  for (let offset = -farthest; offset <= farthest; offset += 1) {
    const bucket = relativePositionBucket(offset, settings);
    byOffset.set(table.subarray(bucket * heads, (bucket + 1) * heads), (offset + farthest) * heads);
  }
  const rows = await store.derived(`${module}.by_offset`, [2 * farthest + 1, heads], byOffset);
  const scalar = (value: number) => graph.scalar('int64', value);
  const offsets = graph.value(module, 'Sub', [positions.keys, graph.value(module, 'Unsqueeze', [positions.queries, graph.constant('int64', [1])])]); // [queries, keys]
  const places = graph.value(module, 'Add', [graph.value(module, 'Clip', [offsets, scalar(-farthest), scalar(farthest)]), scalar(farthest)]);
  return graph.value(module, 'Transpose', [graph.value(module, 'Gather', [rows, places], { axis: { int: 0 } })], { perm: { ints: [2, 0, 1] } });
}
