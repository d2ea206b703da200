import { seedOfStep } from '@tunesmith/nn';
import { noGrad, ops, RandomGenerator, randperm, scope, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from '../optimizer.js';
import { makeOptimizer } from '../optimizers.js';
import type { LisaOptions, OptimizerOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';
import { layerPath } from './layer-path.js';
import { saveModel } from './save-model.js';

export interface LisaSurroundings {
  readonly modelFolder: string;
  readonly seed: number;
  readonly optimizer: OptimizerOptions;
}

/**
 * Layerwise importance sampling (LISA, arXiv 2403.17919, algorithm 1): what stands outside of layers (embeddings, head, last norm) always learns,
 * and with it a few layers that are drawn anew every `interval` steps, each as likely as the others. Gradients and the optimizer's memory exist for as
 * many layers as learn at a time; a layer that is drawn begins with empty moments.
 *
 * @throws TrainingError `too-many-layers` where the model has fewer, when it is there.
 */
export function lisa({ layers: count, interval }: LisaOptions, { modelFolder, seed, optimizer: optimizerOptions }: LisaSurroundings): TuningMethod {
  let layers: Layer[] = [];
  let seats: Seat[] = [];
  let optimizer: Optimizer | null = null;
  let period = -1;

  /** Seats the layers of a period and lets them learn, no others. */
  function draw(next: number): void {
    period = next;
    const order = scope(() => randperm(layers.length, { generator: new RandomGenerator(seedOfStep(seed, next)) }).toArray());
    const drawn = new Set(order.slice(0, count).map((index) => layers[index]!));
    for (const layer of layers) for (const parameter of layer.parameters.values()) parameter.setRequiresGrad(drawn.has(layer));
    for (const kind of new Set(layers.map((layer) => layer.kind))) {
      // Those that learn sit in front; who fills the seats behind has no gradient, so its moments stay empty.
      const alike = layers.filter((layer) => layer.kind === kind).sort((left, right) => Number(drawn.has(right)) - Number(drawn.has(left)));
      seats.filter((seat) => seat.kind === kind).forEach((seat, index) => (seat.layer = alike[index]!));
    }
  }

  return {
    name: 'lisa',
    dtype: 'float32',

    trainable(model) {
      const parameters = model.parameters();
      layers = layersOf(parameters);
      if (count > layers.length) {
        throw new TrainingError('too-many-layers', `train: expected layers to be at most ${layers.length}, as many as the model has; got ${count}. Try fewer, or the method full.`, { layers: count, most: layers.length });
      }
      seats = seatsFor(layers, count);
      for (const parameter of parameters.values()) parameter.setRequiresGrad(true);
      draw(0);
      return parameters;
    },

    optimizer(parameters) {
      const always = parameters.filter(({ name }) => layerPath(name) === null);
      optimizer = makeOptimizer([...always, ...seats.flatMap((seat) => seat.parameters())], optimizerOptions);
      return optimizer;
    },

    beforeStep({ step }) {
      const now = Math.floor(step / interval);
      if (now !== period) draw(now);
      // Also at the first step of a resumed training, whose checkpoint holds the moments of the layers before.
      if (step % interval === 0) emptySeats(optimizer);
    },

    save: (model, loaded, outFolder) => saveModel(model, loaded, { modelFolder, outFolder }),
  };
}

/** One repeated layer of the model. */
interface Layer {
  readonly path: string;
  /** Layers of one kind have parameters of the same names and shapes. */
  readonly kind: string;
  /** By the rest of the path. */
  readonly parameters: ReadonlyMap<string, Tensor>;
}

/** A place in the optimizer's memory for one layer of a kind: its parameters are those of whoever sits there. */
class Seat {
  constructor(
    readonly kind: string,
    private readonly name: string,
    public layer: Layer,
  ) {}

  parameters(): OptimizedParameter[] {
    return [...this.layer.parameters.keys()].map((rest) => {
      const tensor = (): Tensor => this.layer.parameters.get(rest)!;
      return {
        name: `${this.name}.${rest}`,
        get tensor() {
          return tensor();
        },
      };
    });
  }
}

const seatPrefix = 'lisa-seat-';

/** As many seats for each kind as layers of it can learn at a time. */
function seatsFor(layers: readonly Layer[], count: number): Seat[] {
  const kinds = [...new Set(layers.map((layer) => layer.kind))];
  return kinds
    .flatMap((kind) => layers.filter((layer) => layer.kind === kind).slice(0, count))
    .map((layer, index) => new Seat(layer.kind, `${seatPrefix}${index}`, layer));
}

function layersOf(parameters: ReadonlyMap<string, Tensor>): Layer[] {
  const found = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of parameters) {
    const path = layerPath(name);
    if (path === null) continue;
    if (!found.has(path)) found.set(path, new Map());
    found.get(path)!.set(name.slice(path.length + 1), tensor);
  }
  return [...found].map(([path, own]) => ({ path, parameters: own, kind: [...own].map(([rest, { shape }]) => `${rest} ${shape.join()}`).join('; ') }));
}

function emptySeats(optimizer: Optimizer | null): void {
  noGrad(() => {
    for (const [name, tensor] of optimizer?.state() ?? []) if (name.startsWith(seatPrefix)) ops.zeroInPlace(tensor);
  });
}
