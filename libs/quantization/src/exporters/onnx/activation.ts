import type { GraphParts } from './graph-parts.js';

export type Activation = 'silu' | 'gelu' | 'gelu-tanh' | 'relu';

export function activate({ graph }: GraphParts, module: string, input: string, activation: Activation): string {
  switch (activation) {
    case 'silu':
      return graph.value(module, 'Mul', [input, graph.value(module, 'Sigmoid', [input])]);
    case 'relu':
      return graph.value(module, 'Relu', [input]);
    case 'gelu':
    case 'gelu-tanh':
      return graph.value(module, 'Gelu', [input], { approximate: { string: activation === 'gelu' ? 'none' : 'tanh' } });
  }
}
