import { elementTypes, irVersion, operatorSets, type Attribute, type Graph, type GraphValue, type Initializer, type Node } from './onnx-types.js';
import { ProtobufWriter } from './protobuf-writer.js';

/** AttributeProto.AttributeType. */
const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
/** TensorProto.DataLocation. */
const external = 1;

/** The bytes of a ModelProto (onnx.proto3; the numbers are its field numbers). */
export function encodeModel(graph: Graph, producer: { name: string; version: string }): Uint8Array {
  const model = new ProtobufWriter().integer(1, irVersion).string(2, producer.name).string(3, producer.version);
  model.message(7, (message) => encodeGraph(message, graph));
  for (const [domain, version] of Object.entries(operatorSets)) model.message(8, (set) => set.string(1, domain).integer(2, version));
  return model.finish();
}

function encodeGraph(message: ProtobufWriter, graph: Graph): void {
  for (const node of graph.nodes) message.message(1, (field) => encodeNode(field, node));
  message.string(2, graph.name);
  for (const initializer of graph.initializers) message.message(5, (field) => encodeInitializer(field, initializer));
  for (const value of graph.inputs) message.message(11, (field) => encodeValue(field, value));
  for (const value of graph.outputs) message.message(12, (field) => encodeValue(field, value));
}

function encodeNode(message: ProtobufWriter, node: Node): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name).string(4, node.operator);
  for (const [name, value] of Object.entries(node.attributes)) message.message(5, (field) => encodeAttribute(field, name, value));
  if (node.domain !== '') message.string(7, node.domain);
}

function encodeAttribute(message: ProtobufWriter, name: string, value: Attribute): void {
  message.string(1, name);
  if ('float' in value) message.float(2, value.float).integer(20, attributeTypes.float);
  else if ('int' in value) message.integer(3, value.int).integer(20, attributeTypes.int);
  else if ('string' in value) message.string(4, value.string).integer(20, attributeTypes.string);
  else if ('graph' in value) message.message(6, (graph) => encodeGraph(graph, value.graph)).integer(20, attributeTypes.graph);
  else {
    for (const int of value.ints) message.integer(8, int);
    message.integer(20, attributeTypes.ints);
  }
}

function encodeInitializer(message: ProtobufWriter, { name, type, dims, data }: Initializer): void {
  for (const dim of dims) message.integer(1, dim);
  message.integer(2, elementTypes[type]).string(8, name);
  if ('inline' in data) {
    message.bytes(9, data.inline);
    return;
  }
  const { location, offset, length } = data;
  for (const [key, value] of Object.entries({ location, offset, length })) message.message(13, (entry) => entry.string(1, key).string(2, String(value)));
  message.integer(14, external);
}

function encodeValue(message: ProtobufWriter, { name, type, dims }: GraphValue): void {
  message.string(1, name).message(2, (typeField) =>
    typeField.message(1, (tensor) =>
      tensor.integer(1, elementTypes[type]).message(2, (shape) => {
        for (const dim of dims) shape.message(1, (field) => (typeof dim === 'string' ? field.string(2, dim) : field.integer(1, dim)));
      }),
    ),
  );
}
