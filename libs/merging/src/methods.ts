import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';
import { linear } from './methods/linear.js';
import { loraFold } from './methods/lora-fold.js';
import { slerp } from './methods/slerp.js';

/** Every merge method. A new one is a file in methods/, its spec, and one line here (`tools/generators/new-merge-method.mjs`). */
export const methods: readonly MergeMethod[] = [loraFold, linear, slerp];

/** By name; `-` and `_` are the same. */
export function findMergeMethod(name: string): MergeMethod {
  const spelled = name.replaceAll('-', '_');
  const method = methods.find((each) => each.name.replaceAll('-', '_') === spelled);
  if (!method) {
    const names = methods.map((each) => each.name);
    throw new MergeError('unknown-merge-method', `merge: expected a method among ${names.join(', ')}; got "${name}".`, { name, known: names });
  }
  return method;
}
