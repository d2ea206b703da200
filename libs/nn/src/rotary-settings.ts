/** How positions turn queries and keys, whatever the configuration's spelling. */
export interface RotarySettings {
  /** The base of the geometric row of wavelengths. */
  readonly theta: number;
  readonly scaling: RotaryScaling | null;
}

export type RotaryScaling = LinearScaling | DynamicScaling | Llama3Scaling | YarnScaling | LongRopeScaling;

/** Positions are divided by `factor`. */
export interface LinearScaling {
  readonly kind: 'linear';
  readonly factor: number;
}

/**
 * "Dynamic NTK": a row longer than the trained context turns with a larger base, the larger the longer the row is; shorter rows turn as
 * trained.
 */
export interface DynamicScaling {
  readonly kind: 'dynamic';
  readonly factor: number;
  readonly originalContext: number;
}

/** Long wavelengths are stretched by `factor`, short ones kept, those between blended (Llama 3.1). */
export interface Llama3Scaling {
  readonly kind: 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalContext: number;
}

/** YaRN (arXiv 2309.00071, section 3.2). */
export interface YarnScaling {
  readonly kind: 'yarn';
  readonly factor: number;
  readonly originalContext: number;
  /** Null: 0.1 ln(factor) + 1, as the paper suggests. */
  readonly attentionFactor: number | null;
  readonly betaFast: number;
  readonly betaSlow: number;
  readonly truncate: boolean;
}

/** LongRoPE (arXiv 2402.13753): each pair has a divisor of its own, and another one in rows longer than the trained context. */
export interface LongRopeScaling {
  readonly kind: 'longrope';
  /** [headDim / 2] */
  readonly shortDivisors: readonly number[];
  /** [headDim / 2] */
  readonly longDivisors: readonly number[];
  readonly originalContext: number;
  readonly attentionFactor: number;
}

/** Whether rows turn by speeds of their own length. */
export function dependsOnRowLength({ scaling }: RotarySettings): boolean {
  return scaling?.kind === 'dynamic' || scaling?.kind === 'longrope';
}

/**
 * The rotation per position of each pair, [headDim / 2], and what cosines and sines are multiplied by.
 * The same numbers as transformers' `modeling_rope_utils.py`, computed in double. `rowLength` matters to `dynamic` and `longrope`.
 */
export function rotarySpeeds({ theta, scaling }: RotarySettings, headDim: number, rowLength = 0): { speeds: Float64Array; attentionFactor: number } {
  const plain = geometric(theta, headDim);
  switch (scaling?.kind) {
    case undefined:
      return { speeds: plain, attentionFactor: 1 };
    case 'linear':
      return { speeds: plain.map((speed) => speed / scaling.factor), attentionFactor: 1 };
    case 'dynamic': {
      const { factor, originalContext } = scaling;
      const stretch = (factor * Math.max(rowLength, originalContext)) / originalContext - (factor - 1);
      return { speeds: geometric(theta * stretch ** (headDim / (headDim - 2)), headDim), attentionFactor: 1 };
    }
    case 'llama3': {
      const divisors = llama3Divisors({ theta, scaling }, headDim);
      return { speeds: plain.map((speed, pair) => speed / (divisors[pair] ?? 1)), attentionFactor: 1 };
    }
    case 'longrope': {
      const divisors = rowLength > scaling.originalContext ? scaling.longDivisors : scaling.shortDivisors;
      return { speeds: plain.map((speed, pair) => speed / (divisors[pair] ?? NaN)), attentionFactor: scaling.attentionFactor };
    }
    case 'yarn':
      return yarn(plain, theta, scaling, headDim);
  }
}

/** What Llama 3.1 divides each rotation by, [headDim / 2]; GGUF stores these as `rope_freqs.weight`. */
export function llama3Divisors({ theta, scaling }: { theta: number; scaling: Llama3Scaling }, headDim: number): Float32Array {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling;
  return Float32Array.from({ length: headDim / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * pair) / headDim);
    if (wavelength < originalContext / highFrequencyFactor) return 1;
    if (wavelength > originalContext / lowFrequencyFactor) return factor;
    const smooth = (originalContext / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

function geometric(theta: number, headDim: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => theta ** ((-2 * pair) / headDim));
}

function yarn(plain: Float64Array, theta: number, scaling: YarnScaling, headDim: number): { speeds: Float64Array; attentionFactor: number } {
  const { factor, originalContext, betaFast, betaSlow, truncate } = scaling;
  // The pair that turns `rotations` times over the original context.
  const pairOf = (rotations: number) => (headDim * Math.log(originalContext / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(truncate ? Math.floor(pairOf(betaFast)) : pairOf(betaFast), 0);
  const high = Math.min(truncate ? Math.ceil(pairOf(betaSlow)) : pairOf(betaSlow), headDim - 1);
  const width = low === high ? 0.001 : high - low;
  const speeds = plain.map((speed, pair) => {
    const stretched = Math.min(Math.max((pair - low) / width, 0), 1);
    return (speed / factor) * stretched + speed * (1 - stretched);
  });
  return { speeds, attentionFactor: scaling.attentionFactor ?? (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1) };
}
