import { trace } from '@opentelemetry/api';
import { continuation, rootCarrier } from './trace-carrier.js';

const traceId = 'a'.repeat(32);
const [rootId, senderId] = ['1'.repeat(16), '2'.repeat(16)];
const traceparent = (spanId: string) => `00-${traceId}-${spanId}-01`;

describe('continuation', () => {
  it('is a child of what sent it', () => {
    const { parent, links } = continuation({ traceparent: traceparent(senderId) }, 59_000);
    expect(trace.getSpanContext(parent)).toMatchObject({ traceId, spanId: senderId });
    expect(links).toEqual([]);
  });

  it('after a long wait links what sent it, and hangs below the root of the run', () => {
    const { tracestate } = rootCarrier(traceparent(rootId));
    const { parent, links } = continuation({ traceparent: traceparent(senderId), tracestate }, 61_000);
    expect(trace.getSpanContext(parent)).toMatchObject({ traceId, spanId: rootId });
    expect(links).toMatchObject([{ context: { traceId, spanId: senderId } }]);
  });

  it('after a long wait begins a trace of its own where no root is known', () => {
    const { parent, links } = continuation({ traceparent: traceparent(senderId) }, 61_000);
    expect(trace.getSpanContext(parent)).toBeUndefined();
    expect(links).toHaveLength(1);
  });

  it('takes nonsense for nothing', () => {
    for (const carrier of [undefined, { traceparent: 'nonsense' }, { traceparent: traceparent('x'), tracestate: ';;;=' }]) {
      expect(continuation(carrier, 0).links).toEqual([]);
      expect(trace.getSpanContext(continuation(carrier, 0).parent)).toBeUndefined();
    }
  });
});
