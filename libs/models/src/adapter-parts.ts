import { AdapterError, adapterScaling, elementCount, weightDtypes, type Adapter } from '@tunesmith/checkpoints';
import { adaptedParts, DoraLinear, featuresOf, LoraLinear, type Parts } from '@tunesmith/nn';
import { fromBytes, noGrad, ops, RandomGenerator, scope, type Tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel } from './model-family.js';

/**
 * Parts for a model with a PEFT adapter beside its weights, which stay as they are: each linear that the adapter names has A and B (and, of DoRA, magnitudes), in float32,
 * of the rank and alpha that the adapter gives it. `fillAdapter` gives them their values once the model is built.
 *
 * @throws AdapterError `adapter-unsupported` for what is no A and B beside a linear
 */
export function adapterParts(adapter: Adapter): (plain: Parts) => Parts {
  expectPairs(adapter);
  const { config, modules } = adapter;
  const generator = new RandomGenerator(0); // what it draws is overwritten
  return (plain) => adaptedParts(plain, [...modules.keys()], (linear) => {
    const { rank, alpha } = adapterScaling(config, linear.path);
    const options = { rank, alpha, rankStabilized: config.useRslora, generator };
    return config.useDora ? new DoraLinear(linear, options) : new LoraLinear(linear, options);
  });
}

/**
 * Writes an adapter's values into the A and B (and magnitudes) of a model that has a place for each of them, and for no other.
 *
 * @throws AdapterError `adapter-unsupported`; `adapter-misfit` where the model has no such linear, or one of another shape or rank; `adapter-not-finite`
 */
export async function fillAdapter(model: CausalLanguageModel, adapter: Adapter): Promise<void> {
  expectPairs(adapter);
  const { modules, path, tensors } = adapter;
  const places = new Map([...model.modules()].flatMap((module) => (module instanceof LoraLinear || module instanceof DoraLinear ? [[module.path, module] as const] : [])));
  const misfit = (detail: string, facts: Record<string, unknown>): never => {
    throw new AdapterError({ code: 'adapter-misfit', message: `${path}: ${detail} Give the model that the adapter was trained on.`, facts: { path, ...facts } });
  };
  const homeless = [...modules.keys()].filter((module) => !places.has(module));
  if (homeless.length > 0) misfit(`the adapter updates ${homeless.slice(0, 3).join(', ')}${homeless.length > 3 ? ` and ${homeless.length - 3} more` : ''}, which the model does not have.`, { modules: homeless });
  const empty = [...places.keys()].filter((module) => !modules.has(module));
  if (empty.length > 0) misfit(`expected an update of ${empty.slice(0, 3).join(', ')}${empty.length > 3 ? ` and ${empty.length - 3} more` : ''}; the adapter has none.`, { modules: empty });
  for (const [module, { a, b, magnitude }] of modules) {
    const linear = places.get(module)!;
    const [out, width] = featuresOf(linear);
    const fill = async (name: string, place: Tensor, expected: readonly number[]): Promise<void> => {
      const { shape, dtype } = tensors.info(name);
      // A magnitude may lie as a column or a row: only how many there are counts.
      const fits = expected.length === 1 ? elementCount(shape) === expected[0] : shape.join() === expected.join();
      if (!fits) misfit(`expected "${name}" as [${expected.join(', ')}]; got [${shape.join(', ')}].`, { tensor: name, expected, shape });
      const stored = weightDtypes.get(dtype);
      if (!stored) throw new AdapterError({ code: 'adapter-unsupported', message: `${path}: "${name}" is stored as ${dtype}; expected one of ${[...weightDtypes.keys()].join(', ')}.`, facts: { path, tensor: name } });
      const bytes = await tensors.read(name);
      scope(() => noGrad(() => ops.copyInPlace(place, fromBytes(bytes, { shape: expected, dtype: stored }))));
      if (!scope(() => noGrad(() => Number.isFinite(ops.sumAll(place, 'float64').item())))) throw new AdapterError({ code: 'adapter-not-finite', message: `${path}: "${name}" holds NaN or infinite values; the adapter is damaged.`, facts: { path, tensor: name } });
    };
    await fill(a!, linear.loraA, [linear.rank, width]);
    await fill(b!, linear.loraB, [out, linear.rank]);
    if (linear instanceof DoraLinear !== (magnitude !== undefined)) misfit(`expected ${module} ${magnitude === undefined ? 'with' : 'without'} magnitudes, as ${magnitude === undefined ? 'DoRA' : 'LoRA'} has it.`, { module });
    if (linear instanceof DoraLinear) await fill(magnitude!, linear.magnitude, [out]);
  }
}

function expectPairs({ config, modules, replacements, path }: Adapter): void {
  const refuse = (what: string): never => {
    throw new AdapterError({ code: 'adapter-unsupported', message: `${path}: the adapter ${what}, which cannot stand beside the weights. Merge it with PEFT and import the merged model.`, facts: { path } });
  };
  if (replacements.size > 0) refuse(`replaces whole weights (${[...replacements.keys()].slice(0, 3).join(', ')})`);
  for (const [module, { a, b, bias, magnitude }] of modules) {
    if (a === undefined || b === undefined || bias !== undefined || config.useDora !== (magnitude !== undefined)) refuse(`adapts ${module} in another form than A and B`);
  }
}
