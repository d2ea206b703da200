import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';
import { arceeFusion } from './methods/arcee-fusion.js';
import { breadcrumbs } from './methods/breadcrumbs.js';
import { breadcrumbsTies } from './methods/breadcrumbs-ties.js';
import { dareLinear } from './methods/dare-linear.js';
import { dareTies } from './methods/dare-ties.js';
import { della } from './methods/della.js';
import { dellaLinear } from './methods/della-linear.js';
import { karcher } from './methods/karcher.js';
import { linear } from './methods/linear.js';
import { loraFold } from './methods/lora-fold.js';
import { modelStock } from './methods/model-stock.js';
import { multislerp } from './methods/multislerp.js';
import { nearswap } from './methods/nearswap.js';
import { nuslerp } from './methods/nuslerp.js';
import { passthrough } from './methods/passthrough.js';
import { ram } from './methods/ram.js';
import { ramplusTl } from './methods/ramplus-tl.js';
import { sce } from './methods/sce.js';
import { slerp } from './methods/slerp.js';
import { taskArithmetic } from './methods/task-arithmetic.js';
import { ties } from './methods/ties.js';
import { varm } from './methods/varm.js';
import { widen } from './methods/widen.js';

/** Every merge method. A new one is a file in methods/, its spec, and one line here (`tools/generators/new-merge-method.mjs`). */
export const methods: readonly MergeMethod[] = [
  loraFold,
  linear,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  taskArithmetic,
  ties,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  breadcrumbs,
  breadcrumbsTies,
  modelStock,
  nearswap,
  arceeFusion,
  passthrough,
  ram,
  ramplusTl,
  sce,
  varm,
  widen,
];

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
