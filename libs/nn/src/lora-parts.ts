import { TunesmithError } from '@tunesmith/tensor';
import { LoraLinear, type LoraOptions } from './lora-linear.js';
import { isOutputHead } from './output-head.js';
import type { LinearLike, Parts } from './parts.js';

/**
 * Which linears get an update: the last word of their paths (`q_proj`) or a path's end (`mlp.down_proj`), as PEFT's target_modules;
 * `all-linear` for every one but the output head and the routers of mixtures of experts. PEFT (0.20, on transformers 5) gives routers an update
 * too under that word; name theirs (`gate`) beside the others to have the same here.
 */
export type TargetModules = 'all-linear' | readonly string[];

export interface LoraPartsOptions extends LoraOptions {
  readonly targetModules: TargetModules;
}

/** The parts `plain`, with a LoraLinear in place of each targeted linear. Throws for a target that is the output head. */
export function loraParts(plain: Parts, { targetModules, ...options }: LoraPartsOptions): Parts {
  return adaptedParts(plain, targetModules, (linear) => new LoraLinear(linear, options));
}

/** The parts `plain`, with what `adapt` makes of it in place of each targeted linear. Throws for a target that is the output head. */
export function adaptedParts(plain: Parts, targetModules: TargetModules, adapt: (linear: LinearLike) => LinearLike): Parts {
  const isNamed = (path: string) => targetModules !== 'all-linear' && targetModules.some((target) => isTargetedBy(path, target));
  return {
    ...plain,
    linear(path, inFeatures, outFeatures, linearOptions) {
      const linear = plain.linear(path, inFeatures, outFeatures, linearOptions);
      const isHead = isOutputHead(path);
      const targeted = targetModules === 'all-linear' ? !isHead : isNamed(path);
      if (!targeted) return linear;
      if (isHead) {
        throw new TunesmithError({
          message: `loraParts: ${path} cannot be a target: the loss and the sampler read its weight directly. Leave it out of targetModules.`,
          code: 'lora-target-unsupported',
          facts: { path },
        });
      }
      return adapt(linear);
    },
    router(path, inFeatures, experts) {
      const router = plain.router(path, inFeatures, experts);
      return isNamed(path) ? adapt(router) : router;
    },
  };
}

/** Whether a target module names the module of this path. */
export function isTargetedBy(path: string, target: string): boolean {
  return path === target || path.endsWith(`.${target}`);
}
