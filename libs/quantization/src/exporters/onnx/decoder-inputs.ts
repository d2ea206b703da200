import type { GraphBuilder } from './graph-builder.js';
import { elementTypes } from './onnx-types.js';

const path = 'model.inputs';

/** What every layer of a decoder reads besides its own input. Rows of a batch are padded on the right. */
export class DecoderInputs {
  /** int64 [batch, sequence] */
  readonly tokenIds: string;
  /** int64 [batch, total]: ones, and zeros where a row is padded. */
  readonly mask: string;
  /** int32 [batch]: the last position of each row. */
  readonly lastPosition: string;
  /** int32 scalar: the longest row, the cache included. */
  readonly total: string;
  readonly #lengths: string;

  constructor(private readonly graph: GraphBuilder) {
    this.tokenIds = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
    this.mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
    const toInt32 = { to: { int: elementTypes.int32 } };
    const one = graph.constant('int64', [1]);
    this.#lengths = graph.value(path, 'ReduceSum', [this.mask, one], { keepdims: { int: 1 } }); // [batch, 1]
    const last = graph.value(path, 'Sub', [graph.value(path, 'Squeeze', [this.#lengths, one]), one]);
    this.lastPosition = graph.value(path, 'Cast', [last], toInt32);
    this.total = graph.value(path, 'Cast', [this.totalLength()], toInt32);
  }

  /** int64 scalar: as `total`. */
  totalLength(): string {
    return dimension(this.graph, this.mask, 1);
  }

  /** int64 [batch, sequence]: of each token in its row. A row's tokens are its newest, or, where there is no cache, those before its padding. */
  get positions(): string {
    return this.graph.once('positions', () => {
      const { graph } = this;
      const added = dimension(graph, this.tokenIds, 1);
      const first = graph.value(path, 'Max', [graph.value(path, 'Sub', [this.#lengths, added]), graph.scalar('int64', 0)]); // [batch, 1]
      return graph.value(path, 'Add', [first, range(graph, graph.scalar('int64', 0), added)]);
    });
  }
}

/** int64 scalar. */
export function dimension(graph: GraphBuilder, value: string, axis: number): string {
  return graph.value(path, 'Gather', [graph.value(path, 'Shape', [value]), graph.scalar('int64', axis)], { axis: { int: 0 } });
}

/** int64 scalars -> int64 [end - start] */
export function range(graph: GraphBuilder, start: string, end: string): string {
  return graph.value(path, 'Range', [start, end, graph.scalar('int64', 1)]);
}
