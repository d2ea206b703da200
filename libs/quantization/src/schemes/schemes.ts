import { bf16 } from './bf16.js';
import { f16 } from './f16.js';
import { f32 } from './f32.js';
import { int4 } from './int4.js';
import { int8 } from './int8.js';
import { iq4_nl } from './iq4_nl.js';
import { q2_k } from './q2_k.js';
import { q3_k } from './q3_k.js';
import { q4_0 } from './q4_0.js';
import { q4_1 } from './q4_1.js';
import { q4_k } from './q4_k.js';
import { q5_0 } from './q5_0.js';
import { q5_1 } from './q5_1.js';
import { q5_k } from './q5_k.js';
import { q6_k } from './q6_k.js';
import { q8_0 } from './q8_0.js';
import type { QuantizationScheme } from './quantization-scheme.js';

/** Every scheme. GGUF tensors are made of those with `gguf`; ONNX graphs of f32, f16, int8 and int4. */
export const schemes: readonly QuantizationScheme[] = [f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, iq4_nl, q2_k, q3_k, q4_k, q5_k, q6_k, int4, int8];
