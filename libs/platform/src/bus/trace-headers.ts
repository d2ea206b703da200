import type { MsgHdrs } from '@nats-io/transport-node';
import type { TraceCarrier } from '../telemetry/trace-carrier.js';

// NATS headers are looked up by exact case: always lower case, on both sides.

export function readTrace(headers: MsgHdrs | undefined): TraceCarrier | undefined {
  const traceparent = headers?.get('traceparent');
  if (!traceparent) return undefined;
  const tracestate = headers?.get('tracestate');
  return { traceparent, ...(tracestate ? { tracestate } : {}) };
}

export function writeTrace(headers: MsgHdrs, carrier: TraceCarrier | undefined): void {
  if (!carrier) return;
  headers.set('traceparent', carrier.traceparent);
  if (carrier.tracestate) headers.set('tracestate', carrier.tracestate);
}
