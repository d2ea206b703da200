import { QuantizationError } from '../../quantization-error.js';
import type { SourceModel } from '../source-model.js';
import { gemma3Graph } from './graphs/gemma3.js';
import { gpt2Graph } from './graphs/gpt2.js';
import { llamaGraph } from './graphs/llama.js';
import { phi3Graph } from './graphs/phi3.js';
import { qwen2Graph } from './graphs/qwen2.js';
import { qwen3Graph } from './graphs/qwen3.js';
import { t5Graph } from './graphs/t5.js';
import type { ModelGraph } from './model-graph.js';

/** The families that have an ONNX graph. */
const graphs: readonly ModelGraph[] = [llamaGraph, qwen2Graph, qwen3Graph, gemma3Graph, phi3Graph, gpt2Graph, t5Graph];

/** Throws QuantizationError `family-without-graph`. */
export function graphOf({ family }: Pick<SourceModel, 'family'>): ModelGraph {
  const found = graphs.find((graph) => graph.family.name === family.name);
  if (found !== undefined) return found;
  const served = graphs.map((graph) => graph.family.name);
  throw new QuantizationError({
    code: 'family-without-graph',
    message: `The family ${family.name} has no ONNX graph; those that have one: ${served.join(', ')}. Choose a GGUF target.`,
    facts: { family: family.name, served },
  });
}
