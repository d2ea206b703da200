/** The sizes of a linear. */
export interface LinearShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
}

/** How the matrices of a model become nodes and tensors of the graph. Paths are like `/model/layers.0/self_attn/q_proj`. */
export interface LinearWriter {
  /** [batch, sequence, inputs] -> [batch, sequence, outputs] */
  linear(path: string, input: string, shape: LinearShape): Promise<string>;
  /** int64 [batch, sequence] -> [batch, sequence, hidden] */
  embed(path: string, inputIds: string): Promise<string>;
  /** [batch, sequence, hidden] -> [batch, sequence, vocabulary]; `output` names the result. */
  head(path: string, input: string, output?: string): Promise<string>;
}

/** `/model/layers.0/mlp/up_proj` -> `model.layers.0.mlp.up_proj` */
export function modulePath(path: string): string {
  return path.slice(1).replaceAll('/', '.');
}
