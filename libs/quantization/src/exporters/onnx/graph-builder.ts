import { elementCount } from '@tunesmith/checkpoints';
import type { ExternalDataFile } from './external-data-file.js';
import { elementBytes, type Attribute, type Domain, type ElementType, type Graph, type GraphValue, type Initializer, type Node } from './onnx-types.js';

export interface NodeOptions {
  readonly domain?: Domain;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** How many outputs, named after the node; or their names ('' leaves one out). Default: one. */
  readonly outputs?: number | readonly string[];
}

type Dims = readonly (number | string)[];

/** A part of a tensor's bytes, and where in the tensor it belongs. */
export interface TensorPiece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A whole tensor; its bytes in order; or pieces with their places. */
export type TensorBytes = Uint8Array | AsyncIterable<Uint8Array | TensorPiece>;

/**
 * Builds an ONNX graph in the order of its data flow. Every name is checked when it is used: an input must exist already, an output must be new,
 * so a finished graph is topologically sorted and free of dangling edges. Small constants stay in the graph (a runtime needs their values to infer
 * shapes); weights go to the external data file. Nodes are named by the module that they belong to: `model.layers.0.mlp/Mul`.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #nodeNames = new Map<string, number>();
  readonly #values = new Set<string>();
  readonly #shared = new Map<string, string>();

  constructor(
    private readonly name: string,
    private readonly data: ExternalDataFile,
    private readonly outer?: GraphBuilder,
  ) {}

  input(name: string, type: ElementType, dims: Dims): string {
    this.#define(name);
    this.#inputs.push({ name, type, dims });
    return name;
  }

  /** Makes a value an output of the graph. With `of`, that value gets the output's name, in every node that has it. */
  output(name: string, type: ElementType, dims: Dims, of = name): void {
    this.#require(of, 'the graph');
    if (of !== name) {
      this.#define(name);
      const renamed = (names: readonly string[]) => names.map((each) => (each === of ? name : each));
      for (const [index, node] of this.#nodes.entries()) this.#nodes[index] = { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) };
    }
    this.#outputs.push({ name, type, dims });
  }

  /** Adds a node of a module; returns the names of its outputs. */
  node(module: string, operator: string, inputs: readonly string[], { domain = '', attributes = {}, outputs = 1 }: NodeOptions = {}): string[] {
    const name = this.#nodeName(`${module}/${operator}`);
    for (const input of inputs) if (input !== '') this.#require(input, name);
    const names = typeof outputs === 'number' ? Array.from({ length: outputs }, (_, i) => `${name}/output_${i}`) : [...outputs];
    for (const output of names) if (output !== '') this.#define(output);
    this.#nodes.push({ name, operator, domain, inputs, outputs: names, attributes });
    return names;
  }

  /** Like `node`, for operators with one output. */
  value(module: string, operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}, domain: Domain = ''): string {
    return this.node(module, operator, inputs, { attributes, domain })[0]!;
  }

  /** A small constant in the graph itself; the same one may be asked for again. Default: a vector. */
  constant(type: 'float32' | 'int64', values: readonly number[], dims: readonly number[] = [values.length]): string {
    if (this.outer) return this.outer.constant(type, values, dims);
    const name = `${type}[${dims.join()}]:${values.join()}`;
    if (this.#initializers.has(name)) return name;
    const typed = type === 'float32' ? new Float32Array(values) : BigInt64Array.from(values, BigInt);
    this.#define(name);
    this.#initializers.set(name, { name, type, dims, data: { inline: new Uint8Array(typed.buffer) } });
    return name;
  }

  scalar(type: 'float32' | 'int64', value: number): string {
    return this.constant(type, [value], []);
  }

  /** Writes a tensor to the external data file. */
  async tensor(name: string, type: ElementType, dims: readonly number[], bytes: TensorBytes): Promise<string> {
    if (this.outer) return this.outer.tensor(name, type, dims, bytes);
    this.#define(name);
    const length = elementCount(dims) * elementBytes[type];
    const offset = await this.data.reserve(length);
    let written = 0;
    for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      const { at, bytes: part } = piece instanceof Uint8Array ? { at: written, bytes: piece } : piece;
      written += part.length;
      if (at + part.length > length) break;
      await this.data.write(offset + at, part);
    }
    if (written !== length) throw new Error(`${name} of shape [${dims.join(', ')}] takes ${length} bytes, was given ${written}`);
    this.#initializers.set(name, { name, type, dims, data: { location: this.data.location, offset, length } });
    return name;
  }

  /** The bytes of a tensor that is there already, under another name and shape; nothing is written twice. */
  view(name: string, dims: readonly number[], of: string): string {
    const original = this.#initializers.get(of);
    if (original === undefined) throw new Error(`no tensor called ${of}`);
    this.#define(name);
    this.#initializers.set(name, { ...original, name, dims });
    return name;
  }

  /** A value that several modules share: made when it is asked for first. */
  once(key: string, make: () => string): string {
    const found = this.#shared.get(key) ?? make();
    this.#shared.set(key, found);
    return found;
  }

  /** A branch of `If`: it sees the values of this graph, and its tensors and constants lie in this graph. */
  branch(name: string): GraphBuilder {
    return new GraphBuilder(name, this.data, this);
  }

  finish(): Graph {
    return { name: this.name, nodes: this.#nodes, initializers: [...this.#initializers.values()], inputs: this.#inputs, outputs: this.#outputs };
  }

  /** Values of a branch must differ from those of the graph around it, so that node names are counted there. */
  #nodeName(name: string): string {
    if (this.outer) return this.outer.#nodeName(name);
    const count = this.#nodeNames.get(name) ?? 0;
    this.#nodeNames.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }

  #knows(name: string): boolean {
    return this.#values.has(name) || (this.outer !== undefined && this.outer.#knows(name));
  }

  #define(name: string): void {
    if (this.#knows(name)) throw new Error(`two values called ${name}`);
    this.#values.add(name);
  }

  #require(name: string, user: string): void {
    if (!this.#knows(name)) throw new Error(`${user} uses ${name}, which nothing has produced`);
  }
}
