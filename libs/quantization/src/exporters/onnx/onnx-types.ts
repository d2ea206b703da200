/** TensorProto.DataType of onnx.proto3, as far as our graphs use it. */
export const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof elementTypes;
export const elementBytes: Readonly<Record<ElementType, number>> = { float32: 4, uint8: 1, int32: 4, int64: 8, bool: 1, float16: 2 };

/** The operator sets that our graphs declare. '' is ONNX's own; opset 21 with IR 10 is read by every runtime since the middle of 2024. */
export const operatorSets = { '': 21, 'com.microsoft': 1 } as const;
export const irVersion = 10;
export type Domain = keyof typeof operatorSets;

/** A number with its point is written as a float attribute, so each kind is told by a tag, not by its value. A graph is a branch of `If`. */
export type Attribute = { readonly float: number } | { readonly int: number } | { readonly string: string } | { readonly ints: readonly number[] } | { readonly graph: Graph };

export interface Node {
  readonly name: string;
  readonly operator: string;
  readonly domain: Domain;
  /** '' is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Where a tensor's bytes lie: in the graph itself, or in the file beside it. */
export type TensorData = { readonly inline: Uint8Array } | { readonly location: string; readonly offset: number; readonly length: number };

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** An input or output of the graph; a string is a dimension that is known when the graph runs. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly (number | string)[];
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}
