import type { Tensor } from '@tunesmith/tensor';
import { gateActivation, type GateActivation } from './gate-activation.js';
import { LinearGroup } from './linear-group.js';
import { Module } from './module.js';
import type { LinearLike, Parts } from './parts.js';

export interface GatedNetworkOptions {
  readonly hidden: number;
  readonly inner: number;
  readonly activation: GateActivation;
  readonly bias?: boolean;
  /** The published names of the three linears. */
  readonly names?: { readonly gate: string; readonly up: string; readonly down: string };
}

const commonNames = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };

/** down(activation(gate(x)) · up(x)) (arXiv 2002.05202), as most decoders publish it: three linears below `path`. */
export class GatedNetwork extends Module {
  private readonly gateUp: LinearGroup<[gate: LinearLike, up: LinearLike]>;
  private readonly down: LinearLike;
  private readonly activation: GateActivation;

  constructor(path: string, { hidden, inner, activation, bias = false, names = commonNames }: GatedNetworkOptions, parts: Parts) {
    super(path);
    const gate = parts.linear(`${path}.${names.gate}`, hidden, inner, { bias });
    const up = parts.linear(`${path}.${names.up}`, hidden, inner, { bias });
    this.gateUp = this.add(new LinearGroup(path, [gate, up]));
    this.down = this.add(parts.linear(`${path}.${names.down}`, inner, hidden, { bias }));
    this.activation = activation;
  }

  /** [tokens, hidden] -> [tokens, hidden] */
  forward(x: Tensor): Tensor {
    const gated = gateActivation(this.gateUp.forwardJoined(x), this.activation); // [tokens, inner]
    return this.down.forward(gated); // [tokens, hidden]
  }
}
