import { activate, type Activation } from './activation.js';
import type { GraphParts } from './graph-parts.js';

export interface GatedNetworkOptions {
  readonly hidden: number;
  readonly inner: number;
  readonly activation: Activation;
  readonly bias?: boolean;
}

/** down(activation(gate(x)) · up(x)), three linears below `path`. */
export async function gatedNetwork(parts: GraphParts, path: string, input: string, { hidden, inner, activation, bias = false }: GatedNetworkOptions): Promise<string> {
  const gate = await parts.linear(`${path}.gate_proj`, input, { inputs: hidden, outputs: inner, bias }); // [batch, sequence, inner]
  const up = await parts.linear(`${path}.up_proj`, input, { inputs: hidden, outputs: inner, bias });
  const gated = parts.graph.value(path, 'Mul', [activate(parts, path, gate, activation), up]);
  return parts.linear(`${path}.down_proj`, gated, { inputs: inner, outputs: hidden, bias });
}
