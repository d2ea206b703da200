/** Tensors, operators and scopes: the only room that knows the native library. */
import * as ops from './ops.generated.js';

export { defaultDevice } from './default-device.js';
export { arange, empty, fromBytes, full, movedTo, ones, rand, randint, randn, randperm, tensor, zeros, type RandomOptions, type TensorOptions } from './creation.js';
export { asDType, dtypeBytes, isFloatingPoint, type DType } from './dtype.js';
export { TensorError, TunesmithError, type ErrorFields } from './errors.js';
export { checksumFile } from './checksum-file.js';
export { fusedLinearCrossEntropy, type FusedLinearCrossEntropyOptions } from './fused-linear-cross-entropy.js';
export { startProfile, stopProfile, type OperatorTime } from './profile-operators.js';
export { mapFile, missingPages } from './map-file.js';
export { manualSeed, RandomGenerator } from './random.js';
export { limitCachedMemory, memoryUse, resetPeakMemory, setThreads, threads, trimMemory, type MemoryUse } from './runtime.js';
export { keep, liveTensors, noGrad, scope } from './scope.js';
export { Tensor } from './tensor.js';
export { type WorkContext, type WorkProgress } from './work-context.js';
export { ops };
