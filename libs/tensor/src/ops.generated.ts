// Written by tools/generators/tensor-ops.mjs from curated-operators.ts and the registered schemas. Do not edit: run `node tools/generators/tensor-ops.mjs`.
import type { NativeOperator, NativeResult } from '@tunesmith/native';
import type { DType } from './dtype.js';
import { generatorOf, handleOf, handlesOf, resolve, tensorFrom, tensorsFrom } from './operator-support.js';
import type { RandomGenerator } from './random.js';
import type { Tensor } from './tensor.js';

let matmulOperator: NativeOperator | undefined;
/**
 * Matrix product with broadcasting over leading dimensions: [..., n, k] x [..., k, m] -> [..., n, m].
 * aten::matmul(Tensor self, Tensor other) -> Tensor
 */
export function matmul(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((matmulOperator ??= resolve('aten::matmul', ''))(handleOf(self), handleOf(other)));
}

let mmOperator: NativeOperator | undefined;
/** Matrix product: [n, k] x [k, m] -> [n, m]. aten::mm(Tensor self, Tensor mat2) -> Tensor */
export function mm(self: Tensor, mat2: Tensor): Tensor {
  return tensorFrom((mmOperator ??= resolve('aten::mm', ''))(handleOf(self), handleOf(mat2)));
}

let bmmOperator: NativeOperator | undefined;
/** Matrix products side by side: [b, n, k] x [b, k, m] -> [b, n, m]. aten::bmm(Tensor self, Tensor mat2) -> Tensor */
export function bmm(self: Tensor, mat2: Tensor): Tensor {
  return tensorFrom((bmmOperator ??= resolve('aten::bmm', ''))(handleOf(self), handleOf(mat2)));
}

let mvOperator: NativeOperator | undefined;
/** Matrix times vector: [n, k] x [k] -> [n]. aten::mv(Tensor self, Tensor vec) -> Tensor */
export function mv(self: Tensor, vec: Tensor): Tensor {
  return tensorFrom((mvOperator ??= resolve('aten::mv', ''))(handleOf(self), handleOf(vec)));
}

let dotOperator: NativeOperator | undefined;
/** Inner product of two vectors. aten::dot(Tensor self, Tensor tensor) -> Tensor */
export function dot(self: Tensor, tensor: Tensor): Tensor {
  return tensorFrom((dotOperator ??= resolve('aten::dot', ''))(handleOf(self), handleOf(tensor)));
}

let addmmOperator: NativeOperator | undefined;
/**
 * beta * self + alpha * (mat1 x mat2).
 * aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor
 */
export function addmm(self: Tensor, mat1: Tensor, mat2: Tensor, beta?: number | boolean, alpha?: number | boolean): Tensor {
  return tensorFrom((addmmOperator ??= resolve('aten::addmm', ''))(handleOf(self), handleOf(mat1), handleOf(mat2), beta, alpha));
}

let addmmInPlaceOperator: NativeOperator | undefined;
/**
 * self = beta * self + alpha * (mat1 x mat2).
 * aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)
 */
export function addmmInPlace(self: Tensor, mat1: Tensor, mat2: Tensor, beta?: number | boolean, alpha?: number | boolean): Tensor {
  (addmmInPlaceOperator ??= resolve('aten::addmm_', ''))(handleOf(self), handleOf(mat1), handleOf(mat2), beta, alpha);
  return self;
}

let baddbmmOperator: NativeOperator | undefined;
/**
 * beta * self + alpha * (batch1 x batch2), matrix by matrix.
 * aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor
 */
export function baddbmm(self: Tensor, batch1: Tensor, batch2: Tensor, beta?: number | boolean, alpha?: number | boolean): Tensor {
  return tensorFrom((baddbmmOperator ??= resolve('aten::baddbmm', ''))(handleOf(self), handleOf(batch1), handleOf(batch2), beta, alpha));
}

let linearOperator: NativeOperator | undefined;
/**
 * input x weight^T + bias: [..., in] with a weight [out, in] -> [..., out].
 * aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor
 */
export function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return tensorFrom((linearOperator ??= resolve('aten::linear', ''))(handleOf(input), handleOf(weight), handleOf(bias)));
}

let outerOperator: NativeOperator | undefined;
/** Outer product of two vectors: [n], [m] -> [n, m]. aten::outer(Tensor self, Tensor vec2) -> Tensor */
export function outer(self: Tensor, vec2: Tensor): Tensor {
  return tensorFrom((outerOperator ??= resolve('aten::outer', ''))(handleOf(self), handleOf(vec2)));
}

let einsumOperator: NativeOperator | undefined;
/**
 * Einstein summation: einsum('nd,md->nm', [a, b]).
 * aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor
 */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  return tensorFrom((einsumOperator ??= resolve('aten::einsum', ''))(equation, handlesOf(tensors)));
}

let kronOperator: NativeOperator | undefined;
/** Kronecker product. aten::kron(Tensor self, Tensor other) -> Tensor */
export function kron(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((kronOperator ??= resolve('aten::kron', ''))(handleOf(self), handleOf(other)));
}

let intMmOperator: NativeOperator | undefined;
/** Matrix product of int8 matrices, summed in int32. aten::_int_mm(Tensor self, Tensor mat2) -> Tensor */
export function intMm(self: Tensor, mat2: Tensor): Tensor {
  return tensorFrom((intMmOperator ??= resolve('aten::_int_mm', ''))(handleOf(self), handleOf(mat2)));
}

let addOperator: NativeOperator | undefined;
/**
 * self + alpha * other, elementwise with broadcasting.
 * aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor
 */
export function add(self: Tensor, other: Tensor, alpha?: number | boolean): Tensor {
  return tensorFrom((addOperator ??= resolve('aten::add', 'Tensor'))(handleOf(self), handleOf(other), alpha));
}

let addScalarOperator: NativeOperator | undefined;
/** self + alpha * other for a number. aten::add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor */
export function addScalar(self: Tensor, other: number | boolean, alpha?: number | boolean): Tensor {
  return tensorFrom((addScalarOperator ??= resolve('aten::add', 'Scalar'))(handleOf(self), other, alpha));
}

let addInPlaceOperator: NativeOperator | undefined;
/** self += alpha * other. aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!) */
export function addInPlace(self: Tensor, other: Tensor, alpha?: number | boolean): Tensor {
  (addInPlaceOperator ??= resolve('aten::add_', 'Tensor'))(handleOf(self), handleOf(other), alpha);
  return self;
}

let addScalarInPlaceOperator: NativeOperator | undefined;
/**
 * self += alpha * other for a number.
 * aten::add_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)
 */
export function addScalarInPlace(self: Tensor, other: number | boolean, alpha?: number | boolean): Tensor {
  (addScalarInPlaceOperator ??= resolve('aten::add_', 'Scalar'))(handleOf(self), other, alpha);
  return self;
}

let subOperator: NativeOperator | undefined;
/**
 * self - alpha * other, elementwise with broadcasting.
 * aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor
 */
export function sub(self: Tensor, other: Tensor, alpha?: number | boolean): Tensor {
  return tensorFrom((subOperator ??= resolve('aten::sub', 'Tensor'))(handleOf(self), handleOf(other), alpha));
}

let subScalarOperator: NativeOperator | undefined;
/** self - alpha * other for a number. aten::sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor */
export function subScalar(self: Tensor, other: number | boolean, alpha?: number | boolean): Tensor {
  return tensorFrom((subScalarOperator ??= resolve('aten::sub', 'Scalar'))(handleOf(self), other, alpha));
}

let subInPlaceOperator: NativeOperator | undefined;
/** self -= alpha * other. aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!) */
export function subInPlace(self: Tensor, other: Tensor, alpha?: number | boolean): Tensor {
  (subInPlaceOperator ??= resolve('aten::sub_', 'Tensor'))(handleOf(self), handleOf(other), alpha);
  return self;
}

let subScalarInPlaceOperator: NativeOperator | undefined;
/**
 * self -= alpha * other for a number.
 * aten::sub_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)
 */
export function subScalarInPlace(self: Tensor, other: number | boolean, alpha?: number | boolean): Tensor {
  (subScalarInPlaceOperator ??= resolve('aten::sub_', 'Scalar'))(handleOf(self), other, alpha);
  return self;
}

let mulOperator: NativeOperator | undefined;
/** self * other, elementwise with broadcasting. aten::mul.Tensor(Tensor self, Tensor other) -> Tensor */
export function mul(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((mulOperator ??= resolve('aten::mul', 'Tensor'))(handleOf(self), handleOf(other)));
}

let mulScalarOperator: NativeOperator | undefined;
/** self * other for a number. aten::mul.Scalar(Tensor self, Scalar other) -> Tensor */
export function mulScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((mulScalarOperator ??= resolve('aten::mul', 'Scalar'))(handleOf(self), other));
}

let mulInPlaceOperator: NativeOperator | undefined;
/** self *= other. aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!) */
export function mulInPlace(self: Tensor, other: Tensor): Tensor {
  (mulInPlaceOperator ??= resolve('aten::mul_', 'Tensor'))(handleOf(self), handleOf(other));
  return self;
}

let mulScalarInPlaceOperator: NativeOperator | undefined;
/** self *= other for a number. aten::mul_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!) */
export function mulScalarInPlace(self: Tensor, other: number | boolean): Tensor {
  (mulScalarInPlaceOperator ??= resolve('aten::mul_', 'Scalar'))(handleOf(self), other);
  return self;
}

let divOperator: NativeOperator | undefined;
/**
 * self / other, elementwise with broadcasting; integers give floats.
 * aten::div.Tensor(Tensor self, Tensor other) -> Tensor
 */
export function div(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((divOperator ??= resolve('aten::div', 'Tensor'))(handleOf(self), handleOf(other)));
}

let divScalarOperator: NativeOperator | undefined;
/** self / other for a number. aten::div.Scalar(Tensor self, Scalar other) -> Tensor */
export function divScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((divScalarOperator ??= resolve('aten::div', 'Scalar'))(handleOf(self), other));
}

let divRoundedOperator: NativeOperator | undefined;
/**
 * self / other rounded: 'floor' or 'trunc'.
 * aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor
 */
export function divRounded(self: Tensor, other: Tensor, roundingMode: string | null): Tensor {
  return tensorFrom((divRoundedOperator ??= resolve('aten::div', 'Tensor_mode'))(handleOf(self), handleOf(other), roundingMode));
}

let divScalarRoundedOperator: NativeOperator | undefined;
/**
 * self / other for a number, rounded: 'floor' or 'trunc'.
 * aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor
 */
export function divScalarRounded(self: Tensor, other: number | boolean, roundingMode: string | null): Tensor {
  return tensorFrom((divScalarRoundedOperator ??= resolve('aten::div', 'Scalar_mode'))(handleOf(self), other, roundingMode));
}

let divInPlaceOperator: NativeOperator | undefined;
/** self /= other. aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!) */
export function divInPlace(self: Tensor, other: Tensor): Tensor {
  (divInPlaceOperator ??= resolve('aten::div_', 'Tensor'))(handleOf(self), handleOf(other));
  return self;
}

let divScalarInPlaceOperator: NativeOperator | undefined;
/** self /= other for a number. aten::div_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!) */
export function divScalarInPlace(self: Tensor, other: number | boolean): Tensor {
  (divScalarInPlaceOperator ??= resolve('aten::div_', 'Scalar'))(handleOf(self), other);
  return self;
}

let floorDivideOperator: NativeOperator | undefined;
/** floor(self / other), elementwise. aten::floor_divide(Tensor self, Tensor other) -> Tensor */
export function floorDivide(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((floorDivideOperator ??= resolve('aten::floor_divide', ''))(handleOf(self), handleOf(other)));
}

let remainderOperator: NativeOperator | undefined;
/**
 * self - floor(self / other) * other, elementwise: the sign of `other`.
 * aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor
 */
export function remainder(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((remainderOperator ??= resolve('aten::remainder', 'Tensor'))(handleOf(self), handleOf(other)));
}

let remainderScalarOperator: NativeOperator | undefined;
/** self - floor(self / other) * other for a number. aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor */
export function remainderScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((remainderScalarOperator ??= resolve('aten::remainder', 'Scalar'))(handleOf(self), other));
}

let addcmulOperator: NativeOperator | undefined;
/**
 * self + value * tensor1 * tensor2.
 * aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor
 */
export function addcmul(self: Tensor, tensor1: Tensor, tensor2: Tensor, value?: number | boolean): Tensor {
  return tensorFrom((addcmulOperator ??= resolve('aten::addcmul', ''))(handleOf(self), handleOf(tensor1), handleOf(tensor2), value));
}

let addcmulInPlaceOperator: NativeOperator | undefined;
/**
 * self += value * tensor1 * tensor2.
 * aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)
 */
export function addcmulInPlace(self: Tensor, tensor1: Tensor, tensor2: Tensor, value?: number | boolean): Tensor {
  (addcmulInPlaceOperator ??= resolve('aten::addcmul_', ''))(handleOf(self), handleOf(tensor1), handleOf(tensor2), value);
  return self;
}

let addcdivOperator: NativeOperator | undefined;
/**
 * self + value * tensor1 / tensor2.
 * aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor
 */
export function addcdiv(self: Tensor, tensor1: Tensor, tensor2: Tensor, value?: number | boolean): Tensor {
  return tensorFrom((addcdivOperator ??= resolve('aten::addcdiv', ''))(handleOf(self), handleOf(tensor1), handleOf(tensor2), value));
}

let addcdivInPlaceOperator: NativeOperator | undefined;
/**
 * self += value * tensor1 / tensor2.
 * aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)
 */
export function addcdivInPlace(self: Tensor, tensor1: Tensor, tensor2: Tensor, value?: number | boolean): Tensor {
  (addcdivInPlaceOperator ??= resolve('aten::addcdiv_', ''))(handleOf(self), handleOf(tensor1), handleOf(tensor2), value);
  return self;
}

let lerpOperator: NativeOperator | undefined;
/** self + weight * (end - self) for a number. aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor */
export function lerp(self: Tensor, end: Tensor, weight: number | boolean): Tensor {
  return tensorFrom((lerpOperator ??= resolve('aten::lerp', 'Scalar'))(handleOf(self), handleOf(end), weight));
}

let lerpTensorOperator: NativeOperator | undefined;
/**
 * self + weight * (end - self), a weight per element.
 * aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor
 */
export function lerpTensor(self: Tensor, end: Tensor, weight: Tensor): Tensor {
  return tensorFrom((lerpTensorOperator ??= resolve('aten::lerp', 'Tensor'))(handleOf(self), handleOf(end), handleOf(weight)));
}

let lerpInPlaceOperator: NativeOperator | undefined;
/**
 * self += weight * (end - self) for a number.
 * aten::lerp_.Scalar(Tensor(a!) self, Tensor end, Scalar weight) -> Tensor(a!)
 */
export function lerpInPlace(self: Tensor, end: Tensor, weight: number | boolean): Tensor {
  (lerpInPlaceOperator ??= resolve('aten::lerp_', 'Scalar'))(handleOf(self), handleOf(end), weight);
  return self;
}

let negOperator: NativeOperator | undefined;
/** -self. aten::neg(Tensor self) -> Tensor */
export function neg(self: Tensor): Tensor {
  return tensorFrom((negOperator ??= resolve('aten::neg', ''))(handleOf(self)));
}

let absOperator: NativeOperator | undefined;
/** Absolute value. aten::abs(Tensor self) -> Tensor */
export function abs(self: Tensor): Tensor {
  return tensorFrom((absOperator ??= resolve('aten::abs', ''))(handleOf(self)));
}

let signOperator: NativeOperator | undefined;
/** -1, 0 or 1. aten::sign(Tensor self) -> Tensor */
export function sign(self: Tensor): Tensor {
  return tensorFrom((signOperator ??= resolve('aten::sign', ''))(handleOf(self)));
}

let reciprocalOperator: NativeOperator | undefined;
/** 1 / self. aten::reciprocal(Tensor self) -> Tensor */
export function reciprocal(self: Tensor): Tensor {
  return tensorFrom((reciprocalOperator ??= resolve('aten::reciprocal', ''))(handleOf(self)));
}

let squareOperator: NativeOperator | undefined;
/** self squared. aten::square(Tensor self) -> Tensor */
export function square(self: Tensor): Tensor {
  return tensorFrom((squareOperator ??= resolve('aten::square', ''))(handleOf(self)));
}

let sqrtOperator: NativeOperator | undefined;
/** Square root. aten::sqrt(Tensor self) -> Tensor */
export function sqrt(self: Tensor): Tensor {
  return tensorFrom((sqrtOperator ??= resolve('aten::sqrt', ''))(handleOf(self)));
}

let rsqrtOperator: NativeOperator | undefined;
/** 1 / square root. aten::rsqrt(Tensor self) -> Tensor */
export function rsqrt(self: Tensor): Tensor {
  return tensorFrom((rsqrtOperator ??= resolve('aten::rsqrt', ''))(handleOf(self)));
}

let powScalarOperator: NativeOperator | undefined;
/** self to the power of a number. aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor */
export function powScalar(self: Tensor, exponent: number | boolean): Tensor {
  return tensorFrom((powScalarOperator ??= resolve('aten::pow', 'Tensor_Scalar'))(handleOf(self), exponent));
}

let powOperator: NativeOperator | undefined;
/** self to the power of exponent, elementwise. aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor */
export function pow(self: Tensor, exponent: Tensor): Tensor {
  return tensorFrom((powOperator ??= resolve('aten::pow', 'Tensor_Tensor'))(handleOf(self), handleOf(exponent)));
}

let scalarPowOperator: NativeOperator | undefined;
/** A number to the power of exponent, elementwise. aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor */
export function scalarPow(self: number | boolean, exponent: Tensor): Tensor {
  return tensorFrom((scalarPowOperator ??= resolve('aten::pow', 'Scalar'))(self, handleOf(exponent)));
}

let expOperator: NativeOperator | undefined;
/** e to the power of self. aten::exp(Tensor self) -> Tensor */
export function exp(self: Tensor): Tensor {
  return tensorFrom((expOperator ??= resolve('aten::exp', ''))(handleOf(self)));
}

let expm1Operator: NativeOperator | undefined;
/** exp(self) - 1, exact near 0. aten::expm1(Tensor self) -> Tensor */
export function expm1(self: Tensor): Tensor {
  return tensorFrom((expm1Operator ??= resolve('aten::expm1', ''))(handleOf(self)));
}

let logOperator: NativeOperator | undefined;
/** Natural logarithm. aten::log(Tensor self) -> Tensor */
export function log(self: Tensor): Tensor {
  return tensorFrom((logOperator ??= resolve('aten::log', ''))(handleOf(self)));
}

let log1pOperator: NativeOperator | undefined;
/** log(1 + self), exact near 0. aten::log1p(Tensor self) -> Tensor */
export function log1p(self: Tensor): Tensor {
  return tensorFrom((log1pOperator ??= resolve('aten::log1p', ''))(handleOf(self)));
}

let log2Operator: NativeOperator | undefined;
/** Logarithm to the base 2. aten::log2(Tensor self) -> Tensor */
export function log2(self: Tensor): Tensor {
  return tensorFrom((log2Operator ??= resolve('aten::log2', ''))(handleOf(self)));
}

let sinOperator: NativeOperator | undefined;
/** Sine, in radians. aten::sin(Tensor self) -> Tensor */
export function sin(self: Tensor): Tensor {
  return tensorFrom((sinOperator ??= resolve('aten::sin', ''))(handleOf(self)));
}

let cosOperator: NativeOperator | undefined;
/** Cosine, in radians. aten::cos(Tensor self) -> Tensor */
export function cos(self: Tensor): Tensor {
  return tensorFrom((cosOperator ??= resolve('aten::cos', ''))(handleOf(self)));
}

let acosOperator: NativeOperator | undefined;
/** Arc cosine, in radians. aten::acos(Tensor self) -> Tensor */
export function acos(self: Tensor): Tensor {
  return tensorFrom((acosOperator ??= resolve('aten::acos', ''))(handleOf(self)));
}

let erfOperator: NativeOperator | undefined;
/** Error function. aten::erf(Tensor self) -> Tensor */
export function erf(self: Tensor): Tensor {
  return tensorFrom((erfOperator ??= resolve('aten::erf', ''))(handleOf(self)));
}

let roundOperator: NativeOperator | undefined;
/** To the nearest integer; halves go to the even one. aten::round(Tensor self) -> Tensor */
export function round(self: Tensor): Tensor {
  return tensorFrom((roundOperator ??= resolve('aten::round', ''))(handleOf(self)));
}

let roundInPlaceOperator: NativeOperator | undefined;
/** self = round(self). aten::round_(Tensor(a!) self) -> Tensor(a!) */
export function roundInPlace(self: Tensor): Tensor {
  (roundInPlaceOperator ??= resolve('aten::round_', ''))(handleOf(self));
  return self;
}

let floorOperator: NativeOperator | undefined;
/** Down to an integer. aten::floor(Tensor self) -> Tensor */
export function floor(self: Tensor): Tensor {
  return tensorFrom((floorOperator ??= resolve('aten::floor', ''))(handleOf(self)));
}

let ceilOperator: NativeOperator | undefined;
/** Up to an integer. aten::ceil(Tensor self) -> Tensor */
export function ceil(self: Tensor): Tensor {
  return tensorFrom((ceilOperator ??= resolve('aten::ceil', ''))(handleOf(self)));
}

let truncOperator: NativeOperator | undefined;
/** Towards zero to an integer. aten::trunc(Tensor self) -> Tensor */
export function trunc(self: Tensor): Tensor {
  return tensorFrom((truncOperator ??= resolve('aten::trunc', ''))(handleOf(self)));
}

let clampOperator: NativeOperator | undefined;
/**
 * Into the range from min to max; null leaves a side open.
 * aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor
 */
export function clamp(self: Tensor, min?: number | boolean | null, max?: number | boolean | null): Tensor {
  return tensorFrom((clampOperator ??= resolve('aten::clamp', ''))(handleOf(self), min, max));
}

let clampTensorOperator: NativeOperator | undefined;
/**
 * Into the range from min to max, elementwise.
 * aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor
 */
export function clampTensor(self: Tensor, min?: Tensor | null, max?: Tensor | null): Tensor {
  return tensorFrom((clampTensorOperator ??= resolve('aten::clamp', 'Tensor'))(handleOf(self), handleOf(min), handleOf(max)));
}

let clampInPlaceOperator: NativeOperator | undefined;
/** self = clamp(self, min, max). aten::clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!) */
export function clampInPlace(self: Tensor, min?: number | boolean | null, max?: number | boolean | null): Tensor {
  (clampInPlaceOperator ??= resolve('aten::clamp_', ''))(handleOf(self), min, max);
  return self;
}

let minimumOperator: NativeOperator | undefined;
/** The smaller of two, elementwise. aten::minimum(Tensor self, Tensor other) -> Tensor */
export function minimum(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((minimumOperator ??= resolve('aten::minimum', ''))(handleOf(self), handleOf(other)));
}

let maximumOperator: NativeOperator | undefined;
/** The larger of two, elementwise. aten::maximum(Tensor self, Tensor other) -> Tensor */
export function maximum(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((maximumOperator ??= resolve('aten::maximum', ''))(handleOf(self), handleOf(other)));
}

let nanToNumOperator: NativeOperator | undefined;
/**
 * Replaces NaN and infinities with numbers.
 * aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor
 */
export function nanToNum(self: Tensor, nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor {
  return tensorFrom((nanToNumOperator ??= resolve('aten::nan_to_num', ''))(handleOf(self), nan, posinf, neginf));
}

let logaddexpOperator: NativeOperator | undefined;
/** log(exp(self) + exp(other)) without overflow. aten::logaddexp(Tensor self, Tensor other) -> Tensor */
export function logaddexp(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((logaddexpOperator ??= resolve('aten::logaddexp', ''))(handleOf(self), handleOf(other)));
}

let reluOperator: NativeOperator | undefined;
/** max(self, 0). aten::relu(Tensor self) -> Tensor */
export function relu(self: Tensor): Tensor {
  return tensorFrom((reluOperator ??= resolve('aten::relu', ''))(handleOf(self)));
}

let siluOperator: NativeOperator | undefined;
/** self * sigmoid(self), also called swish. aten::silu(Tensor self) -> Tensor */
export function silu(self: Tensor): Tensor {
  return tensorFrom((siluOperator ??= resolve('aten::silu', ''))(handleOf(self)));
}

let geluOperator: NativeOperator | undefined;
/**
 * Gaussian error linear unit; approximate 'tanh' is the form of GPT-2 and Gemma.
 * aten::gelu(Tensor self, *, str approximate="none") -> Tensor
 */
export function gelu(self: Tensor, approximate?: string): Tensor {
  return tensorFrom((geluOperator ??= resolve('aten::gelu', ''))(handleOf(self), approximate));
}

let tanhOperator: NativeOperator | undefined;
/** Hyperbolic tangent. aten::tanh(Tensor self) -> Tensor */
export function tanh(self: Tensor): Tensor {
  return tensorFrom((tanhOperator ??= resolve('aten::tanh', ''))(handleOf(self)));
}

let sigmoidOperator: NativeOperator | undefined;
/** 1 / (1 + exp(-self)). aten::sigmoid(Tensor self) -> Tensor */
export function sigmoid(self: Tensor): Tensor {
  return tensorFrom((sigmoidOperator ??= resolve('aten::sigmoid', ''))(handleOf(self)));
}

let logSigmoidOperator: NativeOperator | undefined;
/** log(sigmoid(self)) without overflow. aten::log_sigmoid(Tensor self) -> Tensor */
export function logSigmoid(self: Tensor): Tensor {
  return tensorFrom((logSigmoidOperator ??= resolve('aten::log_sigmoid', ''))(handleOf(self)));
}

let softplusOperator: NativeOperator | undefined;
/** log(1 + exp(self)). aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor */
export function softplus(self: Tensor, beta?: number | boolean, threshold?: number | boolean): Tensor {
  return tensorFrom((softplusOperator ??= resolve('aten::softplus', ''))(handleOf(self), beta, threshold));
}

let softmaxOperator: NativeOperator | undefined;
/**
 * exp(self) divided by its sum along dim.
 * aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
 */
export function softmax(self: Tensor, dim: number, dtype?: DType | null): Tensor {
  return tensorFrom((softmaxOperator ??= resolve('aten::softmax', 'int'))(handleOf(self), dim, dtype));
}

let logSoftmaxOperator: NativeOperator | undefined;
/**
 * log(softmax(self)) along dim without overflow.
 * aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor
 */
export function logSoftmax(self: Tensor, dim: number, dtype?: DType | null): Tensor {
  return tensorFrom((logSoftmaxOperator ??= resolve('aten::log_softmax', 'int'))(handleOf(self), dim, dtype));
}

let logsumexpOperator: NativeOperator | undefined;
/**
 * log of the sum of exp(self) along dim without overflow.
 * aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor
 */
export function logsumexp(self: Tensor, dim: number | readonly number[], keepdim?: boolean): Tensor {
  return tensorFrom((logsumexpOperator ??= resolve('aten::logsumexp', ''))(handleOf(self), dim, keepdim));
}

let rmsNormOperator: NativeOperator | undefined;
/**
 * self / sqrt(mean(self²) + eps) * weight over the last dimensions (1910.07467).
 * aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor
 */
export function rmsNorm(input: Tensor, normalizedShape: readonly number[], weight?: Tensor | null, eps?: number | null): Tensor {
  return tensorFrom((rmsNormOperator ??= resolve('aten::rms_norm', ''))(handleOf(input), normalizedShape, handleOf(weight), eps));
}

let layerNormOperator: NativeOperator | undefined;
/**
 * (self - mean) / sqrt(variance + eps) * weight + bias over the last dimensions (1607.06450).
 * aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor
 */
export function layerNorm(input: Tensor, normalizedShape: readonly number[], weight?: Tensor | null, bias?: Tensor | null, eps?: number): Tensor {
  return tensorFrom((layerNormOperator ??= resolve('aten::layer_norm', ''))(handleOf(input), normalizedShape, handleOf(weight), handleOf(bias), eps));
}

let dropoutOperator: NativeOperator | undefined;
/**
 * Zeroes elements with probability p and scales the rest by 1 / (1 - p), when training.
 * aten::dropout(Tensor input, float p, bool train) -> Tensor
 */
export function dropout(input: Tensor, p: number, train: boolean): Tensor {
  return tensorFrom((dropoutOperator ??= resolve('aten::dropout', ''))(handleOf(input), p, train));
}

let scaledDotProductAttentionOperator: NativeOperator | undefined;
/**
 * softmax(query x key^T * scale + mask) x value: [..., heads, tokens, headDim] (1706.03762).
 * aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, attnMask?: Tensor | null, dropoutP?: number, isCausal?: boolean, scale?: number | null, enableGqa?: boolean): Tensor {
  return tensorFrom((scaledDotProductAttentionOperator ??= resolve('aten::scaled_dot_product_attention', ''))(handleOf(query), handleOf(key), handleOf(value), handleOf(attnMask), dropoutP, isCausal, scale, enableGqa));
}

let fusedRmsNormOperator: NativeOperator | undefined;
/**
 * self / sqrt(mean(self²) + epsilon) * (weight + offset) over the last dimension (1910.07467); offset 1 for Gemma.
 * tunesmith::rms_norm(Tensor input, Tensor weight, float epsilon, float offset=0.) -> Tensor
 */
export function fusedRmsNorm(input: Tensor, weight: Tensor, epsilon: number, offset?: number): Tensor {
  return tensorFrom((fusedRmsNormOperator ??= resolve('tunesmith::rms_norm', ''))(handleOf(input), handleOf(weight), epsilon, offset));
}

let rotateOperator: NativeOperator | undefined;
/**
 * Rotary positions in halves (2104.09864): [tokens, heads, dim] turned by cosines and sines [tokens, 1, dim] with equal halves.
 * tunesmith::rotate(Tensor input, Tensor cosines, Tensor sines) -> Tensor
 */
export function rotate(input: Tensor, cosines: Tensor, sines: Tensor): Tensor {
  return tensorFrom((rotateOperator ??= resolve('tunesmith::rotate', ''))(handleOf(input), handleOf(cosines), handleOf(sines)));
}

let quantizeBlocksOperator: NativeOperator | undefined;
/**
 * A matrix as codes and scales by blocks of 64 (2305.14314): kind 'int8' gives codes and scales; 'nf4' codes, scales in 8 bits, their scales, their mean.
 * tunesmith::quantize_blocks(Tensor weight, str kind) -> Tensor[]
 */
export function quantizeBlocks(weight: Tensor, kind: string): Tensor[] {
  return tensorsFrom((quantizeBlocksOperator ??= resolve('tunesmith::quantize_blocks', ''))(handleOf(weight), kind));
}

let dequantizeBlocksOperator: NativeOperator | undefined;
/**
 * The matrix that quantizeBlocks took, as its codes say.
 * tunesmith::dequantize_blocks(Tensor[] parts, str kind, int[] shape, ScalarType dtype) -> Tensor
 */
export function dequantizeBlocks(parts: readonly Tensor[], kind: string, shape: readonly number[], dtype: DType): Tensor {
  return tensorFrom((dequantizeBlocksOperator ??= resolve('tunesmith::dequantize_blocks', ''))(handlesOf(parts), kind, shape, dtype));
}

let ggufQuantizeOperator: NativeOperator | undefined;
/**
 * Rows of weights as the blocks of a GGUF tensor type, the bytes of ggml; importance weighs the columns. Also the place of the first element that is not finite and of the first block that float16 cannot hold, or -1.
 * tunesmith::gguf_quantize(Tensor values, str type, Tensor? importance=None) -> (Tensor blocks, int not_finite, int beyond_half)
 */
export function ggufQuantize(values: Tensor, type: string, importance?: Tensor | null): [blocks: Tensor, notFinite: number, beyondHalf: number] {
  const results = (ggufQuantizeOperator ??= resolve('tunesmith::gguf_quantize', ''))(handleOf(values), type, handleOf(importance)) as readonly NativeResult[];
  return [tensorFrom(results[0]!), results[1] as number, results[2] as number];
}

let gptqColumnsInPlaceOperator: NativeOperator | undefined;
/**
 * Rounds columns of a block by GPTQ (2210.17323), from first on, each to its group, into levels and errors [columns, out], and takes what each lost from the columns of left [columns, out] after it; factor: the square of the inverse factor of the Hessian that belongs to the block.
 * tunesmith::gptq_columns_(Tensor(a!) left, Tensor(b!) errors, Tensor(c!) levels, Tensor factor, Tensor scales, Tensor zeros, int[] groups, int first, int top) -> ()
 */
export function gptqColumnsInPlace(left: Tensor, errors: Tensor, levels: Tensor, factor: Tensor, scales: Tensor, zeros: Tensor, groups: readonly number[], first: number, top: number): void {
  (gptqColumnsInPlaceOperator ??= resolve('tunesmith::gptq_columns_', ''))(handleOf(left), handleOf(errors), handleOf(levels), handleOf(factor), handleOf(scales), handleOf(zeros), groups, first, top);
}

let ggufGridsOperator: NativeOperator | undefined;
/**
 * The scale and the offset of each group of elements in the blocks of ggufQuantize, [groups of a row, rows] each, as a reader of the file has them.
 * tunesmith::gguf_grids(Tensor blocks, str type) -> (Tensor scales, Tensor offsets)
 */
export function ggufGrids(blocks: Tensor, type: string): [scales: Tensor, offsets: Tensor] {
  return tensorsFrom((ggufGridsOperator ??= resolve('tunesmith::gguf_grids', ''))(handleOf(blocks), type)) as [scales: Tensor, offsets: Tensor];
}

let ggufColumnsInPlaceOperator: NativeOperator | undefined;
/**
 * As gptqColumnsInPlace, to the grids of ggufGrids for a type of GGUF; what a column is rounded to stays in left.
 * tunesmith::gguf_columns_(Tensor(a!) left, Tensor(b!) errors, Tensor(c!) levels, Tensor factor, Tensor scales, Tensor offsets, int[] groups, int first, str type) -> ()
 */
export function ggufColumnsInPlace(left: Tensor, errors: Tensor, levels: Tensor, factor: Tensor, scales: Tensor, offsets: Tensor, groups: readonly number[], first: number, type: string): void {
  (ggufColumnsInPlaceOperator ??= resolve('tunesmith::gguf_columns_', ''))(handleOf(left), handleOf(errors), handleOf(levels), handleOf(factor), handleOf(scales), handleOf(offsets), groups, first, type);
}

let ggufPackInPlaceOperator: NativeOperator | undefined;
/**
 * Puts levels [columns, rows] into the blocks of ggufQuantize, whose scales stay.
 * tunesmith::gguf_pack_(Tensor(a!) blocks, Tensor levels, str type) -> ()
 */
export function ggufPackInPlace(blocks: Tensor, levels: Tensor, type: string): void {
  (ggufPackInPlaceOperator ??= resolve('tunesmith::gguf_pack_', ''))(handleOf(blocks), handleOf(levels), type);
}

let quantizedLinearOperator: NativeOperator | undefined;
/**
 * input [tokens, in] x weight^T + bias with a weight of quantizeBlocks, written out for this product alone.
 * tunesmith::quantized_linear(Tensor input, Tensor[] parts, str kind, int out_features, Tensor? bias=None) -> Tensor
 */
export function quantizedLinear(input: Tensor, parts: readonly Tensor[], kind: string, outFeatures: number, bias?: Tensor | null): Tensor {
  return tensorFrom((quantizedLinearOperator ??= resolve('tunesmith::quantized_linear', ''))(handleOf(input), handlesOf(parts), kind, outFeatures, handleOf(bias)));
}

let gatedActivationOperator: NativeOperator | undefined;
/**
 * activation(gate) * up from both side by side, [..., 2 * width] -> [..., width] (2002.05202): 'silu' or 'gelu_tanh'.
 * tunesmith::gated_activation(Tensor gate_up, str activation) -> Tensor
 */
export function gatedActivation(gateUp: Tensor, activation: string): Tensor {
  return tensorFrom((gatedActivationOperator ??= resolve('tunesmith::gated_activation', ''))(handleOf(gateUp), activation));
}

let packedAttentionOperator: NativeOperator | undefined;
/**
 * Causal attention of each row over itself: query [tokens, heads, dim], key and value [tokens, keyValueHeads, dim]; rows end at boundaries.
 * tunesmith::packed_attention(Tensor query, Tensor key, Tensor value, int[] boundaries, float scale, int? window=None, float? softcap=None) -> Tensor
 */
export function packedAttention(query: Tensor, key: Tensor, value: Tensor, boundaries: readonly number[], scale: number, window?: number | null, softcap?: number | null): Tensor {
  return tensorFrom((packedAttentionOperator ??= resolve('tunesmith::packed_attention', ''))(handleOf(query), handleOf(key), handleOf(value), boundaries, scale, window, softcap));
}

let joinedLinearOperator: NativeOperator | undefined;
/**
 * input x weight^T + bias of linears with one input, side by side; those named in updated also scaling * (input x a^T) x b^T (2106.09685).
 * tunesmith::joined_linear(Tensor input, Tensor[] weights, Tensor[] biases, Tensor[] a, Tensor[] b, int[] updated, float[] scalings) -> Tensor
 */
export function joinedLinear(input: Tensor, weights: readonly Tensor[], biases: readonly Tensor[], a: readonly Tensor[], b: readonly Tensor[], updated: readonly number[], scalings: readonly number[]): Tensor {
  return tensorFrom((joinedLinearOperator ??= resolve('tunesmith::joined_linear', ''))(handleOf(input), handlesOf(weights), handlesOf(biases), handlesOf(a), handlesOf(b), updated, scalings));
}

let projectOperator: NativeOperator | undefined;
/**
 * input x weight^T + bias, like linear, by whichever way is the fastest for so many rows.
 * tunesmith::project(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor
 */
export function project(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return tensorFrom((projectOperator ??= resolve('tunesmith::project', ''))(handleOf(input), handleOf(weight), handleOf(bias)));
}

let fewRowsLinearOperator: NativeOperator | undefined;
/**
 * input [rows, in] x weight^T [in, out] + bias for few rows, without a gradient.
 * tunesmith::few_rows_linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor
 */
export function fewRowsLinear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return tensorFrom((fewRowsLinearOperator ??= resolve('tunesmith::few_rows_linear', ''))(handleOf(input), handleOf(weight), handleOf(bias)));
}

let manyRowsLinearOperator: NativeOperator | undefined;
/**
 * As project, by the way that is the fastest for many rows whatever their number: in float32 a row gets the same beside any others, but not the last bits that project gives it.
 * tunesmith::many_rows_linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor
 */
export function manyRowsLinear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return tensorFrom((manyRowsLinearOperator ??= resolve('tunesmith::many_rows_linear', ''))(handleOf(input), handleOf(weight), handleOf(bias)));
}

let continuedAttentionOperator: NativeOperator | undefined;
/**
 * packedAttention of rows that continue what was computed before: the past of row r is the stretches (tensor, start, count of tokens) up to stretchEnds[r] of pastKeys and pastValues, each [tokens, keyValueHeads, dim].
 * tunesmith::continued_attention(Tensor query, Tensor key, Tensor value, int[] boundaries, Tensor[] past_keys, Tensor[] past_values, int[] stretches, int[] stretch_ends, float scale, int? window=None, float? softcap=None) -> Tensor
 */
export function continuedAttention(query: Tensor, key: Tensor, value: Tensor, boundaries: readonly number[], pastKeys: readonly Tensor[], pastValues: readonly Tensor[], stretches: readonly number[], stretchEnds: readonly number[], scale: number, window?: number | null, softcap?: number | null): Tensor {
  return tensorFrom((continuedAttentionOperator ??= resolve('tunesmith::continued_attention', ''))(handleOf(query), handleOf(key), handleOf(value), boundaries, handlesOf(pastKeys), handlesOf(pastValues), stretches, stretchEnds, scale, window, softcap));
}

let decodeAttentionOperator: NativeOperator | undefined;
/**
 * Writes key and value [rows, keyValueHeads, headDim] into slot lengths[r] of row cacheRows[r] of keys and values [cacheRows, keyValueHeads, capacity, headDim], and attends query [rows, heads, headDim] to the slots up to there.
 * tunesmith::decode_attention(Tensor query, Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, int[] cache_rows, int[] lengths, float scale, int? window=None, float? softcap=None) -> Tensor
 */
export function decodeAttention(query: Tensor, key: Tensor, value: Tensor, keys: Tensor, values: Tensor, cacheRows: readonly number[], lengths: readonly number[], scale: number, window?: number | null, softcap?: number | null): Tensor {
  return tensorFrom((decodeAttentionOperator ??= resolve('tunesmith::decode_attention', ''))(handleOf(query), handleOf(key), handleOf(value), handleOf(keys), handleOf(values), cacheRows, lengths, scale, window, softcap));
}

let likeliestOperator: NativeOperator | undefined;
/**
 * Of logits [rows, vocabulary] the place of the largest in each row, and the logarithm of its probability.
 * tunesmith::likeliest(Tensor logits) -> (Tensor, Tensor)
 */
export function likeliest(logits: Tensor): [Tensor, Tensor] {
  return tensorsFrom((likeliestOperator ??= resolve('tunesmith::likeliest', ''))(handleOf(logits))) as [Tensor, Tensor];
}

let mergeLinearOperator: NativeOperator | undefined;
/**
 * The weighted sum of models in float32, over a divisor (2203.05482).
 * tunesmith::merge_linear(Tensor[] models, float[] weights, float divisor=1.) -> Tensor
 */
export function mergeLinear(models: readonly Tensor[], weights: readonly number[], divisor?: number): Tensor {
  return tensorFrom((mergeLinearOperator ??= resolve('tunesmith::merge_linear', ''))(handlesOf(models), weights, divisor));
}

let mergeMagnitudeMaskOperator: NativeOperator | undefined;
/**
 * Keeps of model - base what has a rank from first to before first + length by magnitude, equal ones in their order; gives the mask and the sums of magnitudes before and after it.
 * tunesmith::merge_magnitude_mask(Tensor base, Tensor model, int first, int length, bool descending) -> (Tensor, Tensor)
 */
export function mergeMagnitudeMask(base: Tensor, model: Tensor, first: number, length: number, descending: boolean): [Tensor, Tensor] {
  return tensorsFrom((mergeMagnitudeMaskOperator ??= resolve('tunesmith::merge_magnitude_mask', ''))(handleOf(base), handleOf(model), first, length, descending)) as [Tensor, Tensor];
}

let mergeRandomMaskOperator: NativeOperator | undefined;
/**
 * Keeps each element of model - base with the probability density, by counter-based numbers of a seed and a stream (2311.03099); gives what mergeMagnitudeMask gives.
 * tunesmith::merge_random_mask(Tensor base, Tensor model, float density, int seed, int stream) -> (Tensor, Tensor)
 */
export function mergeRandomMask(base: Tensor, model: Tensor, density: number, seed: number, stream: number): [Tensor, Tensor] {
  return tensorsFrom((mergeRandomMaskOperator ??= resolve('tunesmith::merge_random_mask', ''))(handleOf(base), handleOf(model), density, seed, stream)) as [Tensor, Tensor];
}

let mergeRankMaskOperator: NativeOperator | undefined;
/**
 * Keeps each element of model - base with a probability from density - epsilon to density + epsilon by its rank in its row (2406.11617); gives what mergeMagnitudeMask gives.
 * tunesmith::merge_rank_mask(Tensor base, Tensor model, float density, float epsilon, int seed, int stream) -> (Tensor, Tensor)
 */
export function mergeRankMask(base: Tensor, model: Tensor, density: number, epsilon: number, seed: number, stream: number): [Tensor, Tensor] {
  return tensorsFrom((mergeRankMaskOperator ??= resolve('tunesmith::merge_rank_mask', ''))(handleOf(base), handleOf(model), density, epsilon, seed, stream)) as [Tensor, Tensor];
}

let mergeTaskVectorsOperator: NativeOperator | undefined;
/**
 * base + the weighted sum of masked, scaled differences: all (consensus 0), those that agree with the sign of the weighted (1, 2306.01708) or of the plain majority (2, 2408.07990).
 * tunesmith::merge_task_vectors(Tensor base, Tensor[] models, float[] weights, Tensor?[] masks, float[] scales, int consensus, bool normalize, float lambda) -> Tensor
 */
export function mergeTaskVectors(base: Tensor, models: readonly Tensor[], weights: readonly number[], masks: readonly (Tensor | null)[], scales: readonly number[], consensus: number, normalize: boolean, lambda: number): Tensor {
  return tensorFrom((mergeTaskVectorsOperator ??= resolve('tunesmith::merge_task_vectors', ''))(handleOf(base), handlesOf(models), weights, handlesOf(masks), scales, consensus, normalize, lambda));
}

let mergeVarianceMaskOperator: NativeOperator | undefined;
/**
 * The mask of the share of elements (of those that vary) whose differences from the base vary most over the models, and how many they are (2408.07990).
 * tunesmith::merge_variance_mask(Tensor base, Tensor[] models, float share) -> (Tensor, Tensor)
 */
export function mergeVarianceMask(base: Tensor, models: readonly Tensor[], share: number): [Tensor, Tensor] {
  return tensorsFrom((mergeVarianceMaskOperator ??= resolve('tunesmith::merge_variance_mask', ''))(handleOf(base), handlesOf(models), share)) as [Tensor, Tensor];
}

let mergeSquaredChangesOperator: NativeOperator | undefined;
/**
 * Each model's sum of squared differences from the base where a mask keeps them, in float64.
 * tunesmith::merge_squared_changes(Tensor base, Tensor[] models, Tensor? mask=None) -> Tensor
 */
export function mergeSquaredChanges(base: Tensor, models: readonly Tensor[], mask?: Tensor | null): Tensor {
  return tensorFrom((mergeSquaredChangesOperator ??= resolve('tunesmith::merge_squared_changes', ''))(handleOf(base), handlesOf(models), handleOf(mask)));
}

let crossEntropyLossOperator: NativeOperator | undefined;
/**
 * Cross entropy of logits [n, classes] and class indices [n]; reduction 0 none, 1 mean, 2 sum.
 * aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor
 */
export function crossEntropyLoss(self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: number, ignoreIndex?: number, labelSmoothing?: number): Tensor {
  return tensorFrom((crossEntropyLossOperator ??= resolve('aten::cross_entropy_loss', ''))(handleOf(self), handleOf(target), handleOf(weight), reduction, ignoreIndex, labelSmoothing));
}

let nllLossOperator: NativeOperator | undefined;
/**
 * Negative log likelihood of log probabilities [n, classes] and class indices [n]; reduction 0 none, 1 mean, 2 sum.
 * aten::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor
 */
export function nllLoss(self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: number, ignoreIndex?: number): Tensor {
  return tensorFrom((nllLossOperator ??= resolve('aten::nll_loss', ''))(handleOf(self), handleOf(target), handleOf(weight), reduction, ignoreIndex));
}

let mseLossOperator: NativeOperator | undefined;
/**
 * Squared difference; reduction 0 none, 1 mean, 2 sum.
 * aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor
 */
export function mseLoss(self: Tensor, target: Tensor, reduction?: number): Tensor {
  return tensorFrom((mseLossOperator ??= resolve('aten::mse_loss', ''))(handleOf(self), handleOf(target), reduction));
}

let klDivOperator: NativeOperator | undefined;
/**
 * target * (log(target) - self), self given as logarithms; reduction 0 none, 1 mean, 2 sum.
 * aten::kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor
 */
export function klDiv(self: Tensor, target: Tensor, reduction?: number, logTarget?: boolean): Tensor {
  return tensorFrom((klDivOperator ??= resolve('aten::kl_div', ''))(handleOf(self), handleOf(target), reduction, logTarget));
}

let sumAllOperator: NativeOperator | undefined;
/** The sum of all elements. aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor */
export function sumAll(self: Tensor, dtype?: DType | null): Tensor {
  return tensorFrom((sumAllOperator ??= resolve('aten::sum', ''))(handleOf(self), dtype));
}

let sumOperator: NativeOperator | undefined;
/**
 * The sum along dim; null for all dimensions.
 * aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor
 */
export function sum(self: Tensor, dim: number | readonly number[] | null, keepdim?: boolean, dtype?: DType | null): Tensor {
  return tensorFrom((sumOperator ??= resolve('aten::sum', 'dim_IntList'))(handleOf(self), dim, keepdim, dtype));
}

let meanAllOperator: NativeOperator | undefined;
/** The mean of all elements. aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor */
export function meanAll(self: Tensor, dtype?: DType | null): Tensor {
  return tensorFrom((meanAllOperator ??= resolve('aten::mean', ''))(handleOf(self), dtype));
}

let meanOperator: NativeOperator | undefined;
/**
 * The mean along dim; null for all dimensions.
 * aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor
 */
export function mean(self: Tensor, dim: number | readonly number[] | null, keepdim?: boolean, dtype?: DType | null): Tensor {
  return tensorFrom((meanOperator ??= resolve('aten::mean', 'dim'))(handleOf(self), dim, keepdim, dtype));
}

let prodOperator: NativeOperator | undefined;
/**
 * The product along dim.
 * aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor
 */
export function prod(self: Tensor, dim: number, keepdim?: boolean, dtype?: DType | null): Tensor {
  return tensorFrom((prodOperator ??= resolve('aten::prod', 'dim_int'))(handleOf(self), dim, keepdim, dtype));
}

let stdOperator: NativeOperator | undefined;
/**
 * The standard deviation along dim; correction 1 unless told otherwise.
 * aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor
 */
export function std(self: Tensor, dim?: number | readonly number[] | null, correction?: number | boolean | null, keepdim?: boolean): Tensor {
  return tensorFrom((stdOperator ??= resolve('aten::std', 'correction'))(handleOf(self), dim, correction, keepdim));
}

let varianceOperator: NativeOperator | undefined;
/**
 * The variance along dim; correction 1 unless told otherwise.
 * aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor
 */
export function variance(self: Tensor, dim?: number | readonly number[] | null, correction?: number | boolean | null, keepdim?: boolean): Tensor {
  return tensorFrom((varianceOperator ??= resolve('aten::var', 'correction'))(handleOf(self), dim, correction, keepdim));
}

let amaxOperator: NativeOperator | undefined;
/**
 * The largest element along dim; of all when dim is left out.
 * aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor
 */
export function amax(self: Tensor, dim?: number | readonly number[], keepdim?: boolean): Tensor {
  return tensorFrom((amaxOperator ??= resolve('aten::amax', ''))(handleOf(self), dim, keepdim));
}

let aminOperator: NativeOperator | undefined;
/**
 * The smallest element along dim; of all when dim is left out.
 * aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor
 */
export function amin(self: Tensor, dim?: number | readonly number[], keepdim?: boolean): Tensor {
  return tensorFrom((aminOperator ??= resolve('aten::amin', ''))(handleOf(self), dim, keepdim));
}

let maxOperator: NativeOperator | undefined;
/**
 * The largest element along dim and where it is.
 * aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)
 */
export function max(self: Tensor, dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((maxOperator ??= resolve('aten::max', 'dim'))(handleOf(self), dim, keepdim)) as [values: Tensor, indices: Tensor];
}

let minOperator: NativeOperator | undefined;
/**
 * The smallest element along dim and where it is.
 * aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)
 */
export function min(self: Tensor, dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((minOperator ??= resolve('aten::min', 'dim'))(handleOf(self), dim, keepdim)) as [values: Tensor, indices: Tensor];
}

let argmaxOperator: NativeOperator | undefined;
/**
 * Where the largest element along dim is; the first of equal ones is not promised.
 * aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor
 */
export function argmax(self: Tensor, dim?: number | null, keepdim?: boolean): Tensor {
  return tensorFrom((argmaxOperator ??= resolve('aten::argmax', ''))(handleOf(self), dim, keepdim));
}

let argminOperator: NativeOperator | undefined;
/** Where the smallest element along dim is. aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor */
export function argmin(self: Tensor, dim?: number | null, keepdim?: boolean): Tensor {
  return tensorFrom((argminOperator ??= resolve('aten::argmin', ''))(handleOf(self), dim, keepdim));
}

let medianOperator: NativeOperator | undefined;
/**
 * The (lower) median along dim and where it is.
 * aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)
 */
export function median(self: Tensor, dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((medianOperator ??= resolve('aten::median', 'dim'))(handleOf(self), dim, keepdim)) as [values: Tensor, indices: Tensor];
}

let quantileOperator: NativeOperator | undefined;
/**
 * The q-quantile along dim.
 * aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor
 */
export function quantile(self: Tensor, q: number, dim?: number | null, keepdim?: boolean, interpolation?: string): Tensor {
  return tensorFrom((quantileOperator ??= resolve('aten::quantile', 'scalar'))(handleOf(self), q, dim, keepdim, interpolation));
}

let kthvalueOperator: NativeOperator | undefined;
/**
 * The k-th smallest element along dim (k from 1) and where it is.
 * aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)
 */
export function kthvalue(self: Tensor, k: number, dim?: number, keepdim?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((kthvalueOperator ??= resolve('aten::kthvalue', ''))(handleOf(self), k, dim, keepdim)) as [values: Tensor, indices: Tensor];
}

let vectorNormOperator: NativeOperator | undefined;
/**
 * The ord-norm along dim; of all elements when dim is left out.
 * aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor
 */
export function vectorNorm(self: Tensor, ord?: number | boolean, dim?: number | readonly number[] | null, keepdim?: boolean, dtype?: DType | null): Tensor {
  return tensorFrom((vectorNormOperator ??= resolve('aten::linalg_vector_norm', ''))(handleOf(self), ord, dim, keepdim, dtype));
}

let normOperator: NativeOperator | undefined;
/** The p-norm of all elements. aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor */
export function norm(self: Tensor, p?: number | boolean): Tensor {
  return tensorFrom((normOperator ??= resolve('aten::norm', 'Scalar'))(handleOf(self), p));
}

let allOperator: NativeOperator | undefined;
/** Whether all elements are true. aten::all(Tensor self) -> Tensor */
export function all(self: Tensor): Tensor {
  return tensorFrom((allOperator ??= resolve('aten::all', ''))(handleOf(self)));
}

let anyOperator: NativeOperator | undefined;
/** Whether any element is true. aten::any(Tensor self) -> Tensor */
export function any(self: Tensor): Tensor {
  return tensorFrom((anyOperator ??= resolve('aten::any', ''))(handleOf(self)));
}

let anyAlongOperator: NativeOperator | undefined;
/** Whether any element along dim is true. aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor */
export function anyAlong(self: Tensor, dim: number, keepdim?: boolean): Tensor {
  return tensorFrom((anyAlongOperator ??= resolve('aten::any', 'dim'))(handleOf(self), dim, keepdim));
}

let allAlongOperator: NativeOperator | undefined;
/** Whether all elements along dim are true. aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor */
export function allAlong(self: Tensor, dim: number, keepdim?: boolean): Tensor {
  return tensorFrom((allAlongOperator ??= resolve('aten::all', 'dim'))(handleOf(self), dim, keepdim));
}

let countNonzeroOperator: NativeOperator | undefined;
/** How many elements are not zero. aten::count_nonzero(Tensor self, int? dim=None) -> Tensor */
export function countNonzero(self: Tensor, dim?: number | null): Tensor {
  return tensorFrom((countNonzeroOperator ??= resolve('aten::count_nonzero', ''))(handleOf(self), dim));
}

let cumsumOperator: NativeOperator | undefined;
/** Running sum along dim. aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor */
export function cumsum(self: Tensor, dim: number, dtype?: DType | null): Tensor {
  return tensorFrom((cumsumOperator ??= resolve('aten::cumsum', ''))(handleOf(self), dim, dtype));
}

let bincountOperator: NativeOperator | undefined;
/**
 * How often each integer occurs in a vector.
 * aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor
 */
export function bincount(self: Tensor, weights?: Tensor | null, minlength?: number): Tensor {
  return tensorFrom((bincountOperator ??= resolve('aten::bincount', ''))(handleOf(self), handleOf(weights), minlength));
}

let equalOperator: NativeOperator | undefined;
/** Whether shape and all elements are equal. aten::equal(Tensor self, Tensor other) -> bool */
export function equal(self: Tensor, other: Tensor): boolean {
  return (equalOperator ??= resolve('aten::equal', ''))(handleOf(self), handleOf(other)) as boolean;
}

let allcloseOperator: NativeOperator | undefined;
/**
 * Whether |self - other| <= atol + rtol * |other| everywhere.
 * aten::allclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> bool
 */
export function allclose(self: Tensor, other: Tensor, rtol?: number, atol?: number, equalNan?: boolean): boolean {
  return (allcloseOperator ??= resolve('aten::allclose', ''))(handleOf(self), handleOf(other), rtol, atol, equalNan) as boolean;
}

let cosineSimilarityOperator: NativeOperator | undefined;
/**
 * Cosine of the angle between vectors along dim.
 * aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, dim?: number, eps?: number): Tensor {
  return tensorFrom((cosineSimilarityOperator ??= resolve('aten::cosine_similarity', ''))(handleOf(x1), handleOf(x2), dim, eps));
}

let traceOperator: NativeOperator | undefined;
/** The sum of the diagonal. aten::trace(Tensor self) -> Tensor */
export function trace(self: Tensor): Tensor {
  return tensorFrom((traceOperator ??= resolve('aten::trace', ''))(handleOf(self)));
}

let topkOperator: NativeOperator | undefined;
/**
 * The k largest elements along dim and where they are.
 * aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)
 */
export function topk(self: Tensor, k: number, dim?: number, largest?: boolean, sorted?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((topkOperator ??= resolve('aten::topk', ''))(handleOf(self), k, dim, largest, sorted)) as [values: Tensor, indices: Tensor];
}

let sortOperator: NativeOperator | undefined;
/**
 * Sorted along dim, and where each came from; equal elements in any order.
 * aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)
 */
export function sort(self: Tensor, dim?: number, descending?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((sortOperator ??= resolve('aten::sort', ''))(handleOf(self), dim, descending)) as [values: Tensor, indices: Tensor];
}

let sortStableOperator: NativeOperator | undefined;
/**
 * Sorted along dim, and where each came from; equal elements keep their order when stable is true.
 * aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)
 */
export function sortStable(self: Tensor, stable: boolean | null, dim?: number, descending?: boolean): [values: Tensor, indices: Tensor] {
  return tensorsFrom((sortStableOperator ??= resolve('aten::sort', 'stable'))(handleOf(self), stable, dim, descending)) as [values: Tensor, indices: Tensor];
}

let argsortOperator: NativeOperator | undefined;
/** Where the sorted elements come from. aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor */
export function argsort(self: Tensor, dim?: number, descending?: boolean): Tensor {
  return tensorFrom((argsortOperator ??= resolve('aten::argsort', ''))(handleOf(self), dim, descending));
}

let searchsortedOperator: NativeOperator | undefined;
/**
 * Where each element would be inserted into a sorted sequence.
 * aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor
 */
export function searchsorted(sortedSequence: Tensor, self: Tensor, right?: boolean, side?: string | null): Tensor {
  return tensorFrom((searchsortedOperator ??= resolve('aten::searchsorted', 'Tensor'))(handleOf(sortedSequence), handleOf(self), undefined, right, side));
}

let uniqueOperator: NativeOperator | undefined;
/**
 * The different elements, where each went, how often each occurs.
 * aten::_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)
 */
export function unique(self: Tensor, sorted?: boolean, returnInverse?: boolean, returnCounts?: boolean): [Tensor, Tensor, Tensor] {
  return tensorsFrom((uniqueOperator ??= resolve('aten::_unique2', ''))(handleOf(self), sorted, returnInverse, returnCounts)) as [Tensor, Tensor, Tensor];
}

let eqOperator: NativeOperator | undefined;
/** self == other, elementwise. aten::eq.Tensor(Tensor self, Tensor other) -> Tensor */
export function eq(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((eqOperator ??= resolve('aten::eq', 'Tensor'))(handleOf(self), handleOf(other)));
}

let eqScalarOperator: NativeOperator | undefined;
/** self == other for a number. aten::eq.Scalar(Tensor self, Scalar other) -> Tensor */
export function eqScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((eqScalarOperator ??= resolve('aten::eq', 'Scalar'))(handleOf(self), other));
}

let neOperator: NativeOperator | undefined;
/** self != other, elementwise. aten::ne.Tensor(Tensor self, Tensor other) -> Tensor */
export function ne(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((neOperator ??= resolve('aten::ne', 'Tensor'))(handleOf(self), handleOf(other)));
}

let neScalarOperator: NativeOperator | undefined;
/** self != other for a number. aten::ne.Scalar(Tensor self, Scalar other) -> Tensor */
export function neScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((neScalarOperator ??= resolve('aten::ne', 'Scalar'))(handleOf(self), other));
}

let ltOperator: NativeOperator | undefined;
/** self < other, elementwise. aten::lt.Tensor(Tensor self, Tensor other) -> Tensor */
export function lt(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((ltOperator ??= resolve('aten::lt', 'Tensor'))(handleOf(self), handleOf(other)));
}

let ltScalarOperator: NativeOperator | undefined;
/** self < other for a number. aten::lt.Scalar(Tensor self, Scalar other) -> Tensor */
export function ltScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((ltScalarOperator ??= resolve('aten::lt', 'Scalar'))(handleOf(self), other));
}

let leOperator: NativeOperator | undefined;
/** self <= other, elementwise. aten::le.Tensor(Tensor self, Tensor other) -> Tensor */
export function le(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((leOperator ??= resolve('aten::le', 'Tensor'))(handleOf(self), handleOf(other)));
}

let leScalarOperator: NativeOperator | undefined;
/** self <= other for a number. aten::le.Scalar(Tensor self, Scalar other) -> Tensor */
export function leScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((leScalarOperator ??= resolve('aten::le', 'Scalar'))(handleOf(self), other));
}

let gtOperator: NativeOperator | undefined;
/** self > other, elementwise. aten::gt.Tensor(Tensor self, Tensor other) -> Tensor */
export function gt(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((gtOperator ??= resolve('aten::gt', 'Tensor'))(handleOf(self), handleOf(other)));
}

let gtScalarOperator: NativeOperator | undefined;
/** self > other for a number. aten::gt.Scalar(Tensor self, Scalar other) -> Tensor */
export function gtScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((gtScalarOperator ??= resolve('aten::gt', 'Scalar'))(handleOf(self), other));
}

let geOperator: NativeOperator | undefined;
/** self >= other, elementwise. aten::ge.Tensor(Tensor self, Tensor other) -> Tensor */
export function ge(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((geOperator ??= resolve('aten::ge', 'Tensor'))(handleOf(self), handleOf(other)));
}

let geScalarOperator: NativeOperator | undefined;
/** self >= other for a number. aten::ge.Scalar(Tensor self, Scalar other) -> Tensor */
export function geScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((geScalarOperator ??= resolve('aten::ge', 'Scalar'))(handleOf(self), other));
}

let isfiniteOperator: NativeOperator | undefined;
/** Neither NaN nor infinite. aten::isfinite(Tensor self) -> Tensor */
export function isfinite(self: Tensor): Tensor {
  return tensorFrom((isfiniteOperator ??= resolve('aten::isfinite', ''))(handleOf(self)));
}

let isnanOperator: NativeOperator | undefined;
/** Not a number. aten::isnan(Tensor self) -> Tensor */
export function isnan(self: Tensor): Tensor {
  return tensorFrom((isnanOperator ??= resolve('aten::isnan', ''))(handleOf(self)));
}

let isinOperator: NativeOperator | undefined;
/**
 * Whether each element is one of test_elements.
 * aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor
 */
export function isin(elements: Tensor, testElements: Tensor, assumeUnique?: boolean, invert?: boolean): Tensor {
  return tensorFrom((isinOperator ??= resolve('aten::isin', 'Tensor_Tensor'))(handleOf(elements), handleOf(testElements), assumeUnique, invert));
}

let logicalAndOperator: NativeOperator | undefined;
/** Both true. aten::logical_and(Tensor self, Tensor other) -> Tensor */
export function logicalAnd(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((logicalAndOperator ??= resolve('aten::logical_and', ''))(handleOf(self), handleOf(other)));
}

let logicalOrOperator: NativeOperator | undefined;
/** Either true. aten::logical_or(Tensor self, Tensor other) -> Tensor */
export function logicalOr(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((logicalOrOperator ??= resolve('aten::logical_or', ''))(handleOf(self), handleOf(other)));
}

let logicalNotOperator: NativeOperator | undefined;
/** Not true. aten::logical_not(Tensor self) -> Tensor */
export function logicalNot(self: Tensor): Tensor {
  return tensorFrom((logicalNotOperator ??= resolve('aten::logical_not', ''))(handleOf(self)));
}

let whereOperator: NativeOperator | undefined;
/**
 * self where the condition holds, other elsewhere.
 * aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor
 */
export function where(condition: Tensor, self: Tensor, other: Tensor): Tensor {
  return tensorFrom((whereOperator ??= resolve('aten::where', 'self'))(handleOf(condition), handleOf(self), handleOf(other)));
}

let whereOrScalarOperator: NativeOperator | undefined;
/**
 * self where the condition holds, a number elsewhere.
 * aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor
 */
export function whereOrScalar(condition: Tensor, self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((whereOrScalarOperator ??= resolve('aten::where', 'ScalarOther'))(handleOf(condition), handleOf(self), other));
}

let whereScalarOperator: NativeOperator | undefined;
/**
 * A number where the condition holds, other elsewhere.
 * aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor
 */
export function whereScalar(condition: Tensor, self: number | boolean, other: Tensor): Tensor {
  return tensorFrom((whereScalarOperator ??= resolve('aten::where', 'ScalarSelf'))(handleOf(condition), self, handleOf(other)));
}

let maskedFillOperator: NativeOperator | undefined;
/**
 * A number where the mask holds, self elsewhere.
 * aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor
 */
export function maskedFill(self: Tensor, mask: Tensor, value: number | boolean): Tensor {
  return tensorFrom((maskedFillOperator ??= resolve('aten::masked_fill', 'Scalar'))(handleOf(self), handleOf(mask), value));
}

let maskedFillInPlaceOperator: NativeOperator | undefined;
/**
 * Writes a number where the mask holds.
 * aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)
 */
export function maskedFillInPlace(self: Tensor, mask: Tensor, value: number | boolean): Tensor {
  (maskedFillInPlaceOperator ??= resolve('aten::masked_fill_', 'Scalar'))(handleOf(self), handleOf(mask), value);
  return self;
}

let maskedSelectOperator: NativeOperator | undefined;
/** The elements where the mask holds, as a vector. aten::masked_select(Tensor self, Tensor mask) -> Tensor */
export function maskedSelect(self: Tensor, mask: Tensor): Tensor {
  return tensorFrom((maskedSelectOperator ??= resolve('aten::masked_select', ''))(handleOf(self), handleOf(mask)));
}

let nonzeroOperator: NativeOperator | undefined;
/** The indices of the elements that are not zero: [count, dimensions]. aten::nonzero(Tensor self) -> Tensor */
export function nonzero(self: Tensor): Tensor {
  return tensorFrom((nonzeroOperator ??= resolve('aten::nonzero', ''))(handleOf(self)));
}

let embeddingOperator: NativeOperator | undefined;
/**
 * Rows of weight by index: [vocabulary, width], [...] -> [..., width].
 * aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor
 */
export function embedding(weight: Tensor, indices: Tensor, paddingIdx?: number): Tensor {
  return tensorFrom((embeddingOperator ??= resolve('aten::embedding', ''))(handleOf(weight), handleOf(indices), paddingIdx));
}

let indexSelectOperator: NativeOperator | undefined;
/**
 * The slices of self along dim that a vector of indices names.
 * aten::index_select(Tensor self, int dim, Tensor index) -> Tensor
 */
export function indexSelect(self: Tensor, dim: number, index: Tensor): Tensor {
  return tensorFrom((indexSelectOperator ??= resolve('aten::index_select', ''))(handleOf(self), dim, handleOf(index)));
}

let indexOperator: NativeOperator | undefined;
/**
 * Elements by tensors of indices, one per dimension; null takes all of it.
 * aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor
 */
export function index(self: Tensor, indices: readonly (Tensor | null)[]): Tensor {
  return tensorFrom((indexOperator ??= resolve('aten::index', 'Tensor'))(handleOf(self), handlesOf(indices)));
}

let gatherOperator: NativeOperator | undefined;
/**
 * Elements along dim by an index tensor of the result’s shape.
 * aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor
 */
export function gather(self: Tensor, dim: number, index: Tensor): Tensor {
  return tensorFrom((gatherOperator ??= resolve('aten::gather', ''))(handleOf(self), dim, handleOf(index)));
}

let scatterOperator: NativeOperator | undefined;
/**
 * self with the elements of src put along dim where index says.
 * aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor
 */
export function scatter(self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  return tensorFrom((scatterOperator ??= resolve('aten::scatter', 'src'))(handleOf(self), dim, handleOf(index), handleOf(src)));
}

let scatterInPlaceOperator: NativeOperator | undefined;
/**
 * Puts the elements of src along dim where index says.
 * aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)
 */
export function scatterInPlace(self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  (scatterInPlaceOperator ??= resolve('aten::scatter_', 'src'))(handleOf(self), dim, handleOf(index), handleOf(src));
  return self;
}

let scatterScalarInPlaceOperator: NativeOperator | undefined;
/**
 * Puts a number along dim where index says.
 * aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)
 */
export function scatterScalarInPlace(self: Tensor, dim: number, index: Tensor, value: number | boolean): Tensor {
  (scatterScalarInPlaceOperator ??= resolve('aten::scatter_', 'value'))(handleOf(self), dim, handleOf(index), value);
  return self;
}

let scatterAddInPlaceOperator: NativeOperator | undefined;
/**
 * Adds the elements of src along dim where index says.
 * aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)
 */
export function scatterAddInPlace(self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  (scatterAddInPlaceOperator ??= resolve('aten::scatter_add_', ''))(handleOf(self), dim, handleOf(index), handleOf(src));
  return self;
}

let indexPutOperator: NativeOperator | undefined;
/**
 * self with values put at tensors of indices.
 * aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor
 */
export function indexPut(self: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate?: boolean): Tensor {
  return tensorFrom((indexPutOperator ??= resolve('aten::index_put', ''))(handleOf(self), handlesOf(indices), handleOf(values), accumulate));
}

let indexPutInPlaceOperator: NativeOperator | undefined;
/**
 * Puts values at tensors of indices; accumulate adds instead.
 * aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)
 */
export function indexPutInPlace(self: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate?: boolean): Tensor {
  (indexPutInPlaceOperator ??= resolve('aten::index_put_', ''))(handleOf(self), handlesOf(indices), handleOf(values), accumulate);
  return self;
}

let indexAddOperator: NativeOperator | undefined;
/**
 * self with the slices of source added along dim where index says.
 * aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor
 */
export function indexAdd(self: Tensor, dim: number, index: Tensor, source: Tensor, alpha?: number | boolean): Tensor {
  return tensorFrom((indexAddOperator ??= resolve('aten::index_add', ''))(handleOf(self), dim, handleOf(index), handleOf(source), alpha));
}

let indexAddInPlaceOperator: NativeOperator | undefined;
/**
 * Adds the slices of source along dim where index says.
 * aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)
 */
export function indexAddInPlace(self: Tensor, dim: number, index: Tensor, source: Tensor, alpha?: number | boolean): Tensor {
  (indexAddInPlaceOperator ??= resolve('aten::index_add_', ''))(handleOf(self), dim, handleOf(index), handleOf(source), alpha);
  return self;
}

let indexCopyInPlaceOperator: NativeOperator | undefined;
/**
 * Copies the slices of source along dim to where index says.
 * aten::index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)
 */
export function indexCopyInPlace(self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  (indexCopyInPlaceOperator ??= resolve('aten::index_copy_', ''))(handleOf(self), dim, handleOf(index), handleOf(source));
  return self;
}

let oneHotOperator: NativeOperator | undefined;
/** 1 at the index, 0 elsewhere: [...] -> [..., classes]. aten::one_hot(Tensor self, int num_classes=-1) -> Tensor */
export function oneHot(self: Tensor, numClasses?: number): Tensor {
  return tensorFrom((oneHotOperator ??= resolve('aten::one_hot', ''))(handleOf(self), numClasses));
}

let catOperator: NativeOperator | undefined;
/** Joins tensors along an existing dimension. aten::cat(Tensor[] tensors, int dim=0) -> Tensor */
export function cat(tensors: readonly Tensor[], dim?: number): Tensor {
  return tensorFrom((catOperator ??= resolve('aten::cat', ''))(handlesOf(tensors), dim));
}

let stackOperator: NativeOperator | undefined;
/** Joins tensors along a new dimension. aten::stack(Tensor[] tensors, int dim=0) -> Tensor */
export function stack(tensors: readonly Tensor[], dim?: number): Tensor {
  return tensorFrom((stackOperator ??= resolve('aten::stack', ''))(handlesOf(tensors), dim));
}

let splitOperator: NativeOperator | undefined;
/**
 * Pieces of a given size along dim, the last may be smaller; views.
 * aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]
 */
export function split(self: Tensor, splitSize: number, dim?: number): Tensor[] {
  return tensorsFrom((splitOperator ??= resolve('aten::split', 'Tensor'))(handleOf(self), splitSize, dim));
}

let splitWithSizesOperator: NativeOperator | undefined;
/**
 * Pieces of the given sizes along dim; views.
 * aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]
 */
export function splitWithSizes(self: Tensor, splitSizes: readonly number[], dim?: number): Tensor[] {
  return tensorsFrom((splitWithSizesOperator ??= resolve('aten::split_with_sizes', ''))(handleOf(self), splitSizes, dim));
}

let chunkOperator: NativeOperator | undefined;
/**
 * A given number of nearly equal pieces along dim; views.
 * aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]
 */
export function chunk(self: Tensor, chunks: number, dim?: number): Tensor[] {
  return tensorsFrom((chunkOperator ??= resolve('aten::chunk', ''))(handleOf(self), chunks, dim));
}

let unbindOperator: NativeOperator | undefined;
/** One tensor for each index along dim; views. aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[] */
export function unbind(self: Tensor, dim?: number): Tensor[] {
  return tensorsFrom((unbindOperator ??= resolve('aten::unbind', 'int'))(handleOf(self), dim));
}

let sliceOperator: NativeOperator | undefined;
/**
 * From start to before end along dim, every step-th; a view. Negative positions count from the end.
 * aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)
 */
export function slice(self: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor {
  return tensorFrom((sliceOperator ??= resolve('aten::slice', 'Tensor'))(handleOf(self), dim, start, end, step));
}

let narrowOperator: NativeOperator | undefined;
/**
 * length elements from start along dim; a view.
 * aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)
 */
export function narrow(self: Tensor, dim: number, start: number, length: number): Tensor {
  return tensorFrom((narrowOperator ??= resolve('aten::narrow', ''))(handleOf(self), dim, start, length));
}

let selectOperator: NativeOperator | undefined;
/**
 * One index along dim, without that dimension; a view.
 * aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)
 */
export function select(self: Tensor, dim: number, index: number): Tensor {
  return tensorFrom((selectOperator ??= resolve('aten::select', 'int'))(handleOf(self), dim, index));
}

let unsqueezeOperator: NativeOperator | undefined;
/** A new dimension of size 1; a view. aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a) */
export function unsqueeze(self: Tensor, dim: number): Tensor {
  return tensorFrom((unsqueezeOperator ??= resolve('aten::unsqueeze', ''))(handleOf(self), dim));
}

let squeezeOperator: NativeOperator | undefined;
/** Without the dimension dim if its size is 1; a view. aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a) */
export function squeeze(self: Tensor, dim: number): Tensor {
  return tensorFrom((squeezeOperator ??= resolve('aten::squeeze', 'dim'))(handleOf(self), dim));
}

let reshapeOperator: NativeOperator | undefined;
/**
 * Another shape with the same elements; -1 is worked out. A view where possible, else a copy.
 * aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)
 */
export function reshape(self: Tensor, shape: readonly number[]): Tensor {
  return tensorFrom((reshapeOperator ??= resolve('aten::reshape', ''))(handleOf(self), shape));
}

let viewOperator: NativeOperator | undefined;
/**
 * Another shape over the same memory; fails where reshape would copy.
 * aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)
 */
export function view(self: Tensor, size: readonly number[]): Tensor {
  return tensorFrom((viewOperator ??= resolve('aten::view', ''))(handleOf(self), size));
}

let viewDtypeOperator: NativeOperator | undefined;
/** The same bytes read as another dtype. aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a) */
export function viewDtype(self: Tensor, dtype: DType): Tensor {
  return tensorFrom((viewDtypeOperator ??= resolve('aten::view', 'dtype'))(handleOf(self), dtype));
}

let flattenOperator: NativeOperator | undefined;
/**
 * Joins neighbouring dimensions.
 * aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)
 */
export function flatten(self: Tensor, startDim?: number, endDim?: number): Tensor {
  return tensorFrom((flattenOperator ??= resolve('aten::flatten', 'using_ints'))(handleOf(self), startDim, endDim));
}

let permuteOperator: NativeOperator | undefined;
/** Dimensions in another order; a view. aten::permute(Tensor(a) self, int[] dims) -> Tensor(a) */
export function permute(self: Tensor, dims: readonly number[]): Tensor {
  return tensorFrom((permuteOperator ??= resolve('aten::permute', ''))(handleOf(self), dims));
}

let transposeOperator: NativeOperator | undefined;
/** Two dimensions swapped; a view. aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a) */
export function transpose(self: Tensor, dim0: number, dim1: number): Tensor {
  return tensorFrom((transposeOperator ??= resolve('aten::transpose', 'int'))(handleOf(self), dim0, dim1));
}

let tOperator: NativeOperator | undefined;
/** A matrix with its two dimensions swapped; a view. aten::t(Tensor(a) self) -> Tensor(a) */
export function t(self: Tensor): Tensor {
  return tensorFrom((tOperator ??= resolve('aten::t', ''))(handleOf(self)));
}

let contiguousOperator: NativeOperator | undefined;
/**
 * Row-major in memory; a copy unless it is already.
 * aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)
 */
export function contiguous(self: Tensor): Tensor {
  return tensorFrom((contiguousOperator ??= resolve('aten::contiguous', ''))(handleOf(self)));
}

let expandOperator: NativeOperator | undefined;
/**
 * Dimensions of size 1 repeated without a copy; -1 leaves one as it is.
 * aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)
 */
export function expand(self: Tensor, size: readonly number[]): Tensor {
  return tensorFrom((expandOperator ??= resolve('aten::expand', ''))(handleOf(self), size));
}

let repeatOperator: NativeOperator | undefined;
/** Copies side by side. aten::repeat(Tensor self, SymInt[] repeats) -> Tensor */
export function repeat(self: Tensor, repeats: readonly number[]): Tensor {
  return tensorFrom((repeatOperator ??= resolve('aten::repeat', ''))(handleOf(self), repeats));
}

let repeatInterleaveOperator: NativeOperator | undefined;
/**
 * Each slice along dim repeated a number of times.
 * aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor
 */
export function repeatInterleave(self: Tensor, repeats: number, dim?: number | null, outputSize?: number | null): Tensor {
  return tensorFrom((repeatInterleaveOperator ??= resolve('aten::repeat_interleave', 'self_int'))(handleOf(self), repeats, dim, outputSize));
}

let repeatInterleaveEachOperator: NativeOperator | undefined;
/**
 * Each slice along dim repeated as often as its count says.
 * aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor
 */
export function repeatInterleaveEach(self: Tensor, repeats: Tensor, dim?: number | null, outputSize?: number | null): Tensor {
  return tensorFrom((repeatInterleaveEachOperator ??= resolve('aten::repeat_interleave', 'self_Tensor'))(handleOf(self), handleOf(repeats), dim, outputSize));
}

let flipOperator: NativeOperator | undefined;
/** Reversed along dims. aten::flip(Tensor self, int[] dims) -> Tensor */
export function flip(self: Tensor, dims: readonly number[]): Tensor {
  return tensorFrom((flipOperator ??= resolve('aten::flip', ''))(handleOf(self), dims));
}

let rollOperator: NativeOperator | undefined;
/** Shifted around along dims. aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor */
export function roll(self: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  return tensorFrom((rollOperator ??= resolve('aten::roll', ''))(handleOf(self), shifts, dims));
}

let padOperator: NativeOperator | undefined;
/**
 * A number added around: pairs (before, after), last dimension first.
 * aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor
 */
export function pad(self: Tensor, pad: readonly number[], value?: number | boolean): Tensor {
  return tensorFrom((padOperator ??= resolve('aten::constant_pad_nd', ''))(handleOf(self), pad, value));
}

let trilOperator: NativeOperator | undefined;
/** The lower triangle, zero above. aten::tril(Tensor self, SymInt diagonal=0) -> Tensor */
export function tril(self: Tensor, diagonal?: number): Tensor {
  return tensorFrom((trilOperator ??= resolve('aten::tril', ''))(handleOf(self), diagonal));
}

let triuOperator: NativeOperator | undefined;
/** The upper triangle, zero below. aten::triu(Tensor self, SymInt diagonal=0) -> Tensor */
export function triu(self: Tensor, diagonal?: number): Tensor {
  return tensorFrom((triuOperator ??= resolve('aten::triu', ''))(handleOf(self), diagonal));
}

let diagonalOperator: NativeOperator | undefined;
/** The diagonal; a view. aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a) */
export function diagonal(self: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor {
  return tensorFrom((diagonalOperator ??= resolve('aten::diagonal', ''))(handleOf(self), offset, dim1, dim2));
}

let diagOperator: NativeOperator | undefined;
/** A matrix with this diagonal, or the diagonal of a matrix. aten::diag(Tensor self, int diagonal=0) -> Tensor */
export function diag(self: Tensor, diagonal?: number): Tensor {
  return tensorFrom((diagOperator ??= resolve('aten::diag', ''))(handleOf(self), diagonal));
}

let toDtypeOperator: NativeOperator | undefined;
/**
 * The same numbers in another dtype; self when it already has it, unless copy is true.
 * aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)
 */
export function toDtype(self: Tensor, dtype: DType, copy?: boolean): Tensor {
  return tensorFrom((toDtypeOperator ??= resolve('aten::to', 'dtype'))(handleOf(self), dtype, undefined, copy));
}

let toDeviceOperator: NativeOperator | undefined;
/**
 * The same numbers on another device and in a dtype.
 * aten::to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)
 */
export function toDevice(self: Tensor, device: string, dtype: DType, copy?: boolean): Tensor {
  return tensorFrom((toDeviceOperator ??= resolve('aten::to', 'device'))(handleOf(self), device, dtype, undefined, copy));
}

let cloneOperator: NativeOperator | undefined;
/** A copy. aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor */
export function clone(self: Tensor): Tensor {
  return tensorFrom((cloneOperator ??= resolve('aten::clone', ''))(handleOf(self)));
}

let detachOperator: NativeOperator | undefined;
/** The same memory without its history. aten::detach(Tensor(a) self) -> Tensor(a) */
export function detach(self: Tensor): Tensor {
  return tensorFrom((detachOperator ??= resolve('aten::detach', ''))(handleOf(self)));
}

let copyInPlaceOperator: NativeOperator | undefined;
/**
 * Copies the numbers of src into self, converting and broadcasting.
 * aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)
 */
export function copyInPlace(self: Tensor, src: Tensor): Tensor {
  (copyInPlaceOperator ??= resolve('aten::copy_', ''))(handleOf(self), handleOf(src));
  return self;
}

let zerosLikeOperator: NativeOperator | undefined;
/**
 * Zeros of the same shape.
 * aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor
 */
export function zerosLike(self: Tensor, dtype?: DType | null, device?: string | null): Tensor {
  return tensorFrom((zerosLikeOperator ??= resolve('aten::zeros_like', ''))(handleOf(self), dtype, undefined, device));
}

let onesLikeOperator: NativeOperator | undefined;
/**
 * Ones of the same shape.
 * aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor
 */
export function onesLike(self: Tensor, dtype?: DType | null, device?: string | null): Tensor {
  return tensorFrom((onesLikeOperator ??= resolve('aten::ones_like', ''))(handleOf(self), dtype, undefined, device));
}

let fullLikeOperator: NativeOperator | undefined;
/**
 * A number everywhere, the same shape.
 * aten::full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor
 */
export function fullLike(self: Tensor, fillValue: number | boolean, dtype?: DType | null, device?: string | null): Tensor {
  return tensorFrom((fullLikeOperator ??= resolve('aten::full_like', ''))(handleOf(self), fillValue, dtype, undefined, device));
}

let emptyLikeOperator: NativeOperator | undefined;
/**
 * Memory as it comes, the same shape.
 * aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor
 */
export function emptyLike(self: Tensor, dtype?: DType | null, device?: string | null): Tensor {
  return tensorFrom((emptyLikeOperator ??= resolve('aten::empty_like', ''))(handleOf(self), dtype, undefined, device));
}

let fillInPlaceOperator: NativeOperator | undefined;
/** A number everywhere. aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!) */
export function fillInPlace(self: Tensor, value: number | boolean): Tensor {
  (fillInPlaceOperator ??= resolve('aten::fill_', 'Scalar'))(handleOf(self), value);
  return self;
}

let zeroInPlaceOperator: NativeOperator | undefined;
/** Zero everywhere. aten::zero_(Tensor(a!) self) -> Tensor(a!) */
export function zeroInPlace(self: Tensor): Tensor {
  (zeroInPlaceOperator ??= resolve('aten::zero_', ''))(handleOf(self));
  return self;
}

let bernoulliOperator: NativeOperator | undefined;
/**
 * 1 with the probability that each element gives, else 0.
 * aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor
 */
export function bernoulli(self: Tensor, generator?: RandomGenerator | null): Tensor {
  return tensorFrom((bernoulliOperator ??= resolve('aten::bernoulli', ''))(handleOf(self), generatorOf(generator)));
}

let bernoulliLikeOperator: NativeOperator | undefined;
/**
 * 1 with probability p, else 0, the same shape.
 * aten::bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor
 */
export function bernoulliLike(self: Tensor, p: number, generator?: RandomGenerator | null): Tensor {
  return tensorFrom((bernoulliLikeOperator ??= resolve('aten::bernoulli', 'p'))(handleOf(self), p, generatorOf(generator)));
}

let bernoulliInPlaceOperator: NativeOperator | undefined;
/**
 * 1 with probability p, else 0.
 * aten::bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)
 */
export function bernoulliInPlace(self: Tensor, p?: number, generator?: RandomGenerator | null): Tensor {
  (bernoulliInPlaceOperator ??= resolve('aten::bernoulli_', 'float'))(handleOf(self), p, generatorOf(generator));
  return self;
}

let multinomialOperator: NativeOperator | undefined;
/**
 * Indices drawn with the (unnormalized) probabilities of each row.
 * aten::multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor
 */
export function multinomial(self: Tensor, numSamples: number, replacement?: boolean, generator?: RandomGenerator | null): Tensor {
  return tensorFrom((multinomialOperator ??= resolve('aten::multinomial', ''))(handleOf(self), numSamples, replacement, generatorOf(generator)));
}

let normalInPlaceOperator: NativeOperator | undefined;
/**
 * Normal numbers.
 * aten::normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)
 */
export function normalInPlace(self: Tensor, mean?: number, std?: number, generator?: RandomGenerator | null): Tensor {
  (normalInPlaceOperator ??= resolve('aten::normal_', ''))(handleOf(self), mean, std, generatorOf(generator));
  return self;
}

let uniformInPlaceOperator: NativeOperator | undefined;
/**
 * Uniform numbers.
 * aten::uniform_(Tensor(a!) self, float from=0., float to=1., *, Generator? generator=None) -> Tensor(a!)
 */
export function uniformInPlace(self: Tensor, from?: number, to?: number, generator?: RandomGenerator | null): Tensor {
  (uniformInPlaceOperator ??= resolve('aten::uniform_', ''))(handleOf(self), from, to, generatorOf(generator));
  return self;
}

let exponentialInPlaceOperator: NativeOperator | undefined;
/**
 * Exponential numbers (for the Gumbel trick).
 * aten::exponential_(Tensor(a!) self, float lambd=1., *, Generator? generator=None) -> Tensor(a!)
 */
export function exponentialInPlace(self: Tensor, lambd?: number, generator?: RandomGenerator | null): Tensor {
  (exponentialInPlaceOperator ??= resolve('aten::exponential_', ''))(handleOf(self), lambd, generatorOf(generator));
  return self;
}

let bitwiseAndOperator: NativeOperator | undefined;
/** self & other. aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor */
export function bitwiseAnd(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((bitwiseAndOperator ??= resolve('aten::bitwise_and', 'Tensor'))(handleOf(self), handleOf(other)));
}

let bitwiseAndScalarOperator: NativeOperator | undefined;
/** self & other for a number. aten::bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor */
export function bitwiseAndScalar(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((bitwiseAndScalarOperator ??= resolve('aten::bitwise_and', 'Scalar'))(handleOf(self), other));
}

let bitwiseOrOperator: NativeOperator | undefined;
/** self | other. aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor */
export function bitwiseOr(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((bitwiseOrOperator ??= resolve('aten::bitwise_or', 'Tensor'))(handleOf(self), handleOf(other)));
}

let bitwiseXorOperator: NativeOperator | undefined;
/** self ^ other. aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor */
export function bitwiseXor(self: Tensor, other: Tensor): Tensor {
  return tensorFrom((bitwiseXorOperator ??= resolve('aten::bitwise_xor', 'Tensor'))(handleOf(self), handleOf(other)));
}

let bitwiseNotOperator: NativeOperator | undefined;
/** ~self; logical not for bool. aten::bitwise_not(Tensor self) -> Tensor */
export function bitwiseNot(self: Tensor): Tensor {
  return tensorFrom((bitwiseNotOperator ??= resolve('aten::bitwise_not', ''))(handleOf(self)));
}

let shiftLeftOperator: NativeOperator | undefined;
/** self << other for a number. aten::bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor */
export function shiftLeft(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((shiftLeftOperator ??= resolve('aten::bitwise_left_shift', 'Tensor_Scalar'))(handleOf(self), other));
}

let shiftRightOperator: NativeOperator | undefined;
/** self >> other for a number. aten::bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor */
export function shiftRight(self: Tensor, other: number | boolean): Tensor {
  return tensorFrom((shiftRightOperator ??= resolve('aten::bitwise_right_shift', 'Tensor_Scalar'))(handleOf(self), other));
}

let svdOperator: NativeOperator | undefined;
/**
 * Singular values: A = U diag(S) Vh; fullMatrices false gives the thin form.
 * aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)
 */
export function svd(a: Tensor, fullMatrices?: boolean): [u: Tensor, s: Tensor, vh: Tensor] {
  return tensorsFrom((svdOperator ??= resolve('aten::linalg_svd', ''))(handleOf(a), fullMatrices)) as [u: Tensor, s: Tensor, vh: Tensor];
}

let qrOperator: NativeOperator | undefined;
/** A = Q R with orthonormal Q. aten::linalg_qr(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R) */
export function qr(a: Tensor, mode?: string): [q: Tensor, r: Tensor] {
  return tensorsFrom((qrOperator ??= resolve('aten::linalg_qr', ''))(handleOf(a), mode)) as [q: Tensor, r: Tensor];
}

let eighOperator: NativeOperator | undefined;
/**
 * Eigenvalues (ascending) and eigenvectors of a symmetric matrix.
 * aten::linalg_eigh(Tensor self, str UPLO="L") -> (Tensor eigenvalues, Tensor eigenvectors)
 */
export function eigh(self: Tensor, uplo?: string): [eigenvalues: Tensor, eigenvectors: Tensor] {
  return tensorsFrom((eighOperator ??= resolve('aten::linalg_eigh', ''))(handleOf(self), uplo)) as [eigenvalues: Tensor, eigenvectors: Tensor];
}

let choleskyOperator: NativeOperator | undefined;
/** A = L L^T for a positive definite matrix. aten::linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor */
export function cholesky(self: Tensor, upper?: boolean): Tensor {
  return tensorFrom((choleskyOperator ??= resolve('aten::linalg_cholesky', ''))(handleOf(self), upper));
}

let solveTriangularOperator: NativeOperator | undefined;
/**
 * X in A X = B for a triangular A.
 * aten::linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor
 */
export function solveTriangular(self: Tensor, b: Tensor, upper: boolean, left?: boolean, unitriangular?: boolean): Tensor {
  return tensorFrom((solveTriangularOperator ??= resolve('aten::linalg_solve_triangular', ''))(handleOf(self), handleOf(b), upper, left, unitriangular));
}

let inverseOperator: NativeOperator | undefined;
/** The inverse of a matrix. aten::linalg_inv(Tensor A) -> Tensor */
export function inverse(a: Tensor): Tensor {
  return tensorFrom((inverseOperator ??= resolve('aten::linalg_inv', ''))(handleOf(a)));
}

let foreachAddScalarInPlaceOperator: NativeOperator | undefined;
/** Adds a number to each tensor of a list. aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> () */
export function foreachAddScalarInPlace(self: readonly Tensor[], scalar: number | boolean): void {
  (foreachAddScalarInPlaceOperator ??= resolve('aten::_foreach_add_', 'Scalar'))(handlesOf(self), scalar);
}

let foreachAddInPlaceOperator: NativeOperator | undefined;
/**
 * Adds alpha * other, tensor by tensor.
 * aten::_foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()
 */
export function foreachAddInPlace(self: readonly Tensor[], other: readonly Tensor[], alpha?: number | boolean): void {
  (foreachAddInPlaceOperator ??= resolve('aten::_foreach_add_', 'List'))(handlesOf(self), handlesOf(other), alpha);
}

let foreachSubInPlaceOperator: NativeOperator | undefined;
/**
 * Subtracts alpha * other, tensor by tensor.
 * aten::_foreach_sub_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()
 */
export function foreachSubInPlace(self: readonly Tensor[], other: readonly Tensor[], alpha?: number | boolean): void {
  (foreachSubInPlaceOperator ??= resolve('aten::_foreach_sub_', 'List'))(handlesOf(self), handlesOf(other), alpha);
}

let foreachMulScalarInPlaceOperator: NativeOperator | undefined;
/**
 * Multiplies each tensor of a list by a number.
 * aten::_foreach_mul_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()
 */
export function foreachMulScalarInPlace(self: readonly Tensor[], scalar: number | boolean): void {
  (foreachMulScalarInPlaceOperator ??= resolve('aten::_foreach_mul_', 'Scalar'))(handlesOf(self), scalar);
}

let foreachMulTensorInPlaceOperator: NativeOperator | undefined;
/**
 * Multiplies each tensor of a list by one single-element tensor.
 * aten::_foreach_mul_.Tensor(Tensor(a!)[] self, Tensor other) -> ()
 */
export function foreachMulTensorInPlace(self: readonly Tensor[], other: Tensor): void {
  (foreachMulTensorInPlaceOperator ??= resolve('aten::_foreach_mul_', 'Tensor'))(handlesOf(self), handleOf(other));
}

let foreachDivInPlaceOperator: NativeOperator | undefined;
/** Divides, tensor by tensor. aten::_foreach_div_.List(Tensor(a!)[] self, Tensor[] other) -> () */
export function foreachDivInPlace(self: readonly Tensor[], other: readonly Tensor[]): void {
  (foreachDivInPlaceOperator ??= resolve('aten::_foreach_div_', 'List'))(handlesOf(self), handlesOf(other));
}

let foreachAddcmulInPlaceOperator: NativeOperator | undefined;
/**
 * self += value * tensor1 * tensor2, tensor by tensor.
 * aten::_foreach_addcmul_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()
 */
export function foreachAddcmulInPlace(self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: number | boolean): void {
  (foreachAddcmulInPlaceOperator ??= resolve('aten::_foreach_addcmul_', 'Scalar'))(handlesOf(self), handlesOf(tensor1), handlesOf(tensor2), value);
}

let foreachAddcdivInPlaceOperator: NativeOperator | undefined;
/**
 * self += value * tensor1 / tensor2, tensor by tensor.
 * aten::_foreach_addcdiv_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()
 */
export function foreachAddcdivInPlace(self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: number | boolean): void {
  (foreachAddcdivInPlaceOperator ??= resolve('aten::_foreach_addcdiv_', 'Scalar'))(handlesOf(self), handlesOf(tensor1), handlesOf(tensor2), value);
}

let foreachLerpInPlaceOperator: NativeOperator | undefined;
/**
 * self += weight * (end - self), tensor by tensor.
 * aten::_foreach_lerp_.Scalar(Tensor(a!)[] self, Tensor[] tensors1, Scalar weight) -> ()
 */
export function foreachLerpInPlace(self: readonly Tensor[], tensors1: readonly Tensor[], weight: number | boolean): void {
  (foreachLerpInPlaceOperator ??= resolve('aten::_foreach_lerp_', 'Scalar'))(handlesOf(self), handlesOf(tensors1), weight);
}

let foreachSqrtOperator: NativeOperator | undefined;
/** Square roots, tensor by tensor. aten::_foreach_sqrt(Tensor[] self) -> Tensor[] */
export function foreachSqrt(self: readonly Tensor[]): Tensor[] {
  return tensorsFrom((foreachSqrtOperator ??= resolve('aten::_foreach_sqrt', ''))(handlesOf(self)));
}

let foreachNormOperator: NativeOperator | undefined;
/**
 * The norm of each tensor of a list.
 * aten::_foreach_norm.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]
 */
export function foreachNorm(self: readonly Tensor[], ord?: number | boolean, dtype?: DType | null): Tensor[] {
  return tensorsFrom((foreachNormOperator ??= resolve('aten::_foreach_norm', 'Scalar'))(handlesOf(self), ord, dtype));
}

let foreachZeroInPlaceOperator: NativeOperator | undefined;
/** Zeroes each tensor of a list. aten::_foreach_zero_(Tensor(a!)[] self) -> () */
export function foreachZeroInPlace(self: readonly Tensor[]): void {
  (foreachZeroInPlaceOperator ??= resolve('aten::_foreach_zero_', ''))(handlesOf(self));
}

let foreachCopyInPlaceOperator: NativeOperator | undefined;
/**
 * Copies src into self, tensor by tensor.
 * aten::_foreach_copy_(Tensor(a!)[] self, Tensor[] src, bool non_blocking=False) -> ()
 */
export function foreachCopyInPlace(self: readonly Tensor[], src: readonly Tensor[]): void {
  (foreachCopyInPlaceOperator ??= resolve('aten::_foreach_copy_', ''))(handlesOf(self), handlesOf(src));
}

let fusedAdamwInPlaceOperator: NativeOperator | undefined;
/**
 * One AdamW step over lists of tensors (1711.05101); decoupled weight decay.
 * aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()
 */
export function fusedAdamwInPlace(self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], lr: number, beta1: number, beta2: number, weightDecay: number, eps: number, amsgrad: boolean, maximize: boolean, gradScale?: Tensor | null, foundInf?: Tensor | null): void {
  (fusedAdamwInPlaceOperator ??= resolve('aten::_fused_adamw_', ''))(handlesOf(self), handlesOf(grads), handlesOf(expAvgs), handlesOf(expAvgSqs), handlesOf(maxExpAvgSqs), handlesOf(stateSteps), lr, beta1, beta2, weightDecay, eps, amsgrad, maximize, handleOf(gradScale), handleOf(foundInf));
}

let adamwInPlaceOperator: NativeOperator | undefined;
/**
 * One AdamW step over lists of bfloat16 parameters (1711.05101); rests are int16: what float32 has beyond them, by bits.
 * tunesmith::adamw_(Tensor(a!)[] parameters, Tensor(b!)[] rests, Tensor[] gradients, Tensor(c!)[] means, Tensor(d!)[] squares, float steps, float lr, float beta1, float beta2, float weight_decay, float eps) -> ()
 */
export function adamwInPlace(parameters: readonly Tensor[], rests: readonly Tensor[], gradients: readonly Tensor[], means: readonly Tensor[], squares: readonly Tensor[], steps: number, lr: number, beta1: number, beta2: number, weightDecay: number, eps: number): void {
  (adamwInPlaceOperator ??= resolve('tunesmith::adamw_', ''))(handlesOf(parameters), handlesOf(rests), handlesOf(gradients), handlesOf(means), handlesOf(squares), steps, lr, beta1, beta2, weightDecay, eps);
}

let fusedAdamInPlaceOperator: NativeOperator | undefined;
/**
 * One Adam step over lists of tensors (1412.6980).
 * aten::_fused_adam_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()
 */
export function fusedAdamInPlace(self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], lr: number, beta1: number, beta2: number, weightDecay: number, eps: number, amsgrad: boolean, maximize: boolean, gradScale?: Tensor | null, foundInf?: Tensor | null): void {
  (fusedAdamInPlaceOperator ??= resolve('aten::_fused_adam_', ''))(handlesOf(self), handlesOf(grads), handlesOf(expAvgs), handlesOf(expAvgSqs), handlesOf(maxExpAvgSqs), handlesOf(stateSteps), lr, beta1, beta2, weightDecay, eps, amsgrad, maximize, handleOf(gradScale), handleOf(foundInf));
}

let fusedSgdInPlaceOperator: NativeOperator | undefined;
/**
 * One SGD step over lists of tensors.
 * aten::_fused_sgd_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, float weight_decay, float momentum, float lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()
 */
export function fusedSgdInPlace(self: readonly Tensor[], grads: readonly Tensor[], momentumBufferList: readonly Tensor[], weightDecay: number, momentum: number, lr: number, dampening: number, nesterov: boolean, maximize: boolean, isFirstStep: boolean, gradScale?: Tensor | null, foundInf?: Tensor | null): void {
  (fusedSgdInPlaceOperator ??= resolve('aten::_fused_sgd_', ''))(handlesOf(self), handlesOf(grads), handlesOf(momentumBufferList), weightDecay, momentum, lr, dampening, nesterov, maximize, isFirstStep, handleOf(gradScale), handleOf(foundInf));
}
