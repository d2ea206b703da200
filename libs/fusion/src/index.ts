/** Structurally different chat models fused into one: FuseChat's first stage. */
export type { FuseReport } from './alignment-report.js';
export { TokenAligner, type TieOrder, type TokenAlignment } from './align-tokens.js';
export { fuseDistributions, type FuseOptions } from './fuse-distributions.js';
export { FusionError } from './fusion-error.js';
export { measureAgreement, type Agreement, type AgreementOptions } from './measure-agreement.js';
export { representModel, type RepresentOptions, type RepresentReport } from './represent-model.js';
export { representRows } from './represent-rows.js';
export { TokenSurfaces } from './token-surfaces.js';
