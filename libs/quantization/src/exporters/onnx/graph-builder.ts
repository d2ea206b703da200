import type { ExternalDataFile } from './external-data-file.js';
import { elementBytes, type Attribute, type Domain, type ElementType, type Graph, type GraphValue, type Initializer, type Node } from './onnx-types.js';

export interface NodeOptions {
  readonly domain?: Domain;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** How many outputs, named after the path; or their names ('' leaves one out). Default: one. */
  readonly outputs?: number | readonly string[];
}

/** A tensor's bytes in order; a byte array is the whole tensor. */
export type TensorBytes = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Builds an ONNX graph in the order of its data flow. Every name is checked when it is used: an input must exist already, an output must be new,
 * so a finished graph is topologically sorted and free of dangling edges. Small constants stay in the graph (a runtime needs their values to infer
 * shapes); weights go to the external data file.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #paths = new Set<string>();
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: GraphValue[] = [];
  readonly #outputs: GraphValue[] = [];
  readonly #values = new Set<string>();

  constructor(
    private readonly name: string,
    private readonly data: ExternalDataFile,
  ) {}

  input(name: string, type: ElementType, dims: readonly (number | string)[]): string {
    this.#define(name);
    this.#inputs.push({ name, type, dims });
    return name;
  }

  /** Declares that a value which exists is an output of the graph. */
  output(name: string, type: ElementType, dims: readonly (number | string)[]): void {
    this.#require(name, 'the graph');
    this.#outputs.push({ name, type, dims });
  }

  /** Adds a node; returns the names of its outputs. Paths are like `/model/layers.0/self_attn/q_proj/MatMul`. */
  node(path: string, operator: string, inputs: readonly string[], { domain = '', attributes = {}, outputs = 1 }: NodeOptions = {}): string[] {
    if (this.#paths.has(path)) throw new Error(`two nodes called ${path}`);
    this.#paths.add(path);
    for (const input of inputs) if (input !== '') this.#require(input, path);
    const names = typeof outputs === 'number' ? Array.from({ length: outputs }, (_, i) => `${path}/output_${i}`) : [...outputs];
    for (const output of names) if (output !== '') this.#define(output);
    this.#nodes.push({ path, operator, domain, inputs, outputs: names, attributes });
    return names;
  }

  /** Like `node`, for operators with one output. */
  value(path: string, operator: string, inputs: readonly string[], options: Omit<NodeOptions, 'outputs'> & { output?: string } = {}): string {
    const { output, ...rest } = options;
    return this.node(path, operator, inputs, output === undefined ? rest : { ...rest, outputs: [output] })[0]!;
  }

  /** A small constant in the graph itself. The same name may be asked for again: it is the same constant. */
  constant(name: string, type: 'float32' | 'int64', values: readonly number[], dims: readonly number[] = [values.length]): string {
    if (this.#initializers.has(name)) return name;
    const typed = type === 'float32' ? new Float32Array(values) : BigInt64Array.from(values, BigInt);
    this.#define(name);
    this.#initializers.set(name, { name, type, dims, data: { inline: new Uint8Array(typed.buffer) } });
    return name;
  }

  /** Writes a tensor to the external data file. */
  async tensor(name: string, type: ElementType, dims: readonly number[], bytes: TensorBytes): Promise<string> {
    this.#define(name);
    const length = dims.reduce((product, dim) => product * dim, 1) * elementBytes[type];
    const offset = await this.data.begin(length);
    if (bytes instanceof Uint8Array) await this.data.append(bytes);
    else for await (const piece of bytes) await this.data.append(piece);
    const written = this.data.length - offset;
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

  finish(): Graph {
    return { name: this.name, nodes: this.#nodes, initializers: [...this.#initializers.values()], inputs: this.#inputs, outputs: this.#outputs };
  }

  #define(name: string): void {
    if (this.#values.has(name)) throw new Error(`two values called ${name}`);
    this.#values.add(name);
  }

  #require(name: string, user: string): void {
    if (!this.#values.has(name)) throw new Error(`${user} uses ${name}, which nothing has produced`);
  }
}
