import { defaultDevice, empty, type DType } from '@tunesmith/tensor';
import { Embedding } from './embedding.js';
import { LayerNorm } from './layer-norm.js';
import { Linear } from './linear.js';
import type { Parts } from './parts.js';
import { RmsNorm } from './rms-norm.js';

/** The parts that a published model is made of. Weights are uninitialised memory until something fills them. */
export function plainParts({ dtype, device = defaultDevice() }: { dtype: DType; device?: string }): Parts {
  return {
    linear: (path, inFeatures, outFeatures, { bias = false } = {}) =>
      new Linear(path, empty([outFeatures, inFeatures], { dtype, device }), bias ? empty([outFeatures], { dtype, device }) : null),
    router: (path, inFeatures, experts) => new Linear(path, empty([experts, inFeatures], { dtype, device })),
    embedding: (path, count, size, options) => new Embedding(path, empty([count, size], { dtype, device }), options),
    layerNorm: (path, size, { epsilon, bias = true }) => new LayerNorm(path, empty([size], { dtype, device }), bias ? empty([size], { dtype, device }) : null, { epsilon }),
    rmsNorm: (path, size, options) => new RmsNorm(path, empty([size], { dtype, device }), options),
  };
}
