import type { WeightReader } from '../weight-reader.js';
import type { GraphBuilder } from './graph-builder.js';

/** A matrix of the model: [rows, columns], rows are outputs of a linear, or the tokens of a table. */
export interface MatrixPlace {
  /** Its module; the tensor is `{module}.weight`. */
  readonly module: string;
  readonly rows: number;
  readonly columns: number;
  /** A table is looked up in; a tied one is multiplied with as well. */
  readonly table: boolean;
  /** The checkpoint has it the other way round, as GPT-2 has. */
  readonly transposed: boolean;
}

/** A matrix that lies in the graph's data file, and the nodes that use it. */
export interface StoredMatrix {
  /** [batch, sequence, columns] -> [batch, sequence, rows], plus the bias [rows] where there is one. */
  multiply(graph: GraphBuilder, module: string, input: string, bias?: string): string;
  /** int64 [batch, sequence] -> [batch, sequence, columns] */
  lookUp(graph: GraphBuilder, module: string, ids: string): string;
}

/** What a matrix is stored with. */
export interface MatrixWriter {
  readonly graph: GraphBuilder;
  readonly weights: WeightReader;
}
