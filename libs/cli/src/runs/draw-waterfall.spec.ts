import type { FinishedSpan } from '@tunesmith/contracts';
import { drawWaterfall, spanTree } from './draw-waterfall.js';

const plain = { columns: 80, paint: (_style: string, text: string) => text };

function span(spanId: string, service: string, name: string, startTime: number, endTime: number, more: Partial<FinishedSpan> = {}): FinishedSpan {
  return { traceId: 't', spanId, links: [], name, kind: 'internal', service, startTime, endTime, status: 'unset', attributes: {}, ...more };
}

const spans = [
  span('c', 'trainer', 'worker train', 1300, 1900, { parentSpanId: 'b', status: 'error', statusMessage: 'killed' }),
  span('a', 'registry', 'run retrain', 1000, 2000),
  span('b', 'trainer', 'train.requested.v1', 1250, 1950, { links: [{ traceId: 't', spanId: 'a' }] }),
  span('d', 'merger', 'instant', 1999, 1999, { parentSpanId: 'a' }),
];

describe('the waterfall', () => {
  it('draws the tree with time running to the right', () => {
    expect(drawWaterfall(spans, { ...plain, columns: 70 })).toEqual([
      'registry  run retrain             ████████████████████████████  1000.0',
      'trainer     ↪ train.requested.v1         ████████████████████    700.0',
      'trainer       worker train                █████████████████      600.0  killed',
      'merger      instant                                          ▏     0.0',
    ]);
  });

  it('keeps every line within the terminal', () => {
    for (const columns of [40, 60, 80, 200]) {
      for (const line of drawWaterfall(spans.map(({ statusMessage: _message, ...rest }) => ({ ...rest, status: 'ok' as const })), { ...plain, columns })) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 56));
    }
  });

  it('has one root where the trace is connected, and more where it is not', () => {
    expect(spanTree(spans)).toHaveLength(1);
    expect(spanTree([...spans, span('x', 'merger', 'lost', 1, 2, { parentSpanId: 'unknown' })])).toHaveLength(2);
  });

  it('says that there is nothing yet', () => {
    expect(drawWaterfall([], plain)).toEqual(['no spans have arrived yet']);
  });
});
