import { noisyParts, StepNoise } from '@tunesmith/nn';
import { adalora } from './methods/adalora.js';
import { full } from './methods/full.js';
import { galore } from './methods/galore.js';
import { lisa } from './methods/lisa.js';
import { lora } from './methods/lora.js';
import type { TrainOptions } from './train-options.js';
import type { TuningMethod } from './tuning-method.js';

/** The method of these options, with NEFTune's noise on embeddings where it was asked for. */
export function tuningMethod(options: TrainOptions): TuningMethod {
  const method = chosenMethod(options);
  return options.neftuneAlpha > 0 ? withEmbeddingNoise(method, options) : method;
}

/** Every way to tune, by the `kind` of its options. A new one is a file in methods/, its spec, and one line here. */
function chosenMethod(options: TrainOptions): TuningMethod {
  const { method } = options;
  switch (method.kind) {
    case 'lora':
      return lora(method, options);
    case 'full':
      return full(method, options);
    case 'lisa':
      return lisa(method, options);
    case 'galore':
      return galore(method, options);
    case 'adalora':
      return adalora(method, options);
  }
}

function withEmbeddingNoise(method: TuningMethod, { neftuneAlpha, seed }: TrainOptions): TuningMethod {
  const noise = new StepNoise(seed ^ 0x5eed); // another stream than that of the method's own noise
  return {
    ...method,
    parts: (plain) => noisyParts(method.parts?.(plain) ?? plain, { alpha: neftuneAlpha, noise }),
    beforeStep(place) {
      noise.begin(place.step);
      method.beforeStep?.(place);
    },
    afterBackward(place) {
      noise.end();
      method.afterBackward?.(place);
    },
  };
}
