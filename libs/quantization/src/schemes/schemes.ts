import { bf16 } from './bf16.js';
import { f16 } from './f16.js';
import { f32 } from './f32.js';
import { int4 } from './int4.js';
import { int8 } from './int8.js';
import { q4_0 } from './q4_0.js';
import { q8_0 } from './q8_0.js';
import type { QuantizationScheme } from './quantization-scheme.js';

/** Every scheme. GGUF targets are those with `gguf`; ONNX graphs use those with `matMulNBits`. */
export const schemes: readonly QuantizationScheme[] = [f32, f16, bf16, q8_0, q4_0, int4, int8];
