import { llama3Divisors, rotarySpeeds } from './rotary-settings.js';

describe('rotarySpeeds', () => {
  test('turns the first pair once per radian and later pairs ever slower', () => {
    const { speeds, attentionFactor } = rotarySpeeds({ theta: 10_000, scaling: null }, 8);
    expect(Array.from(speeds)).toEqual([1, 0.1, 0.01, 0.001].map((value) => expect.closeTo(value, 12)));
    expect(attentionFactor).toBe(1);
  });

  test('linear scaling divides every speed', () => {
    const { speeds } = rotarySpeeds({ theta: 10_000, scaling: { kind: 'linear', factor: 4 } }, 4);
    expect(Array.from(speeds)).toEqual([0.25, 0.0025].map((value) => expect.closeTo(value, 12)));
  });

  test('dynamic scaling leaves rows inside the trained context alone and slows longer ones', () => {
    const settings = { theta: 10_000, scaling: { kind: 'dynamic', factor: 3, originalContext: 8 } } as const;
    const plain = rotarySpeeds({ theta: 10_000, scaling: null }, 8).speeds;
    for (const length of [0, 1, 8]) expect(rotarySpeeds(settings, 8, length).speeds).toEqual(plain);
    // Twice the context: the base grows by (3 · 2 - 2) ^ (8 / 6).
    expect(rotarySpeeds(settings, 8, 16).speeds[1]).toBeCloseTo((10_000 * 4 ** (8 / 6)) ** -0.25, 12);
  });

  test('llama3 keeps short wavelengths and stretches long ones', () => {
    const scaling = { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 } as const;
    const divisors = llama3Divisors({ theta: 500_000, scaling }, 128);
    expect(divisors[0]).toBe(1);
    expect(divisors[63]).toBe(8);
    expect(Array.from(divisors)).toEqual(Array.from(divisors).toSorted((a, b) => a - b));
    const { speeds } = rotarySpeeds({ theta: 500_000, scaling }, 128);
    expect(speeds[63]).toBeCloseTo(500_000 ** (-126 / 128) / 8, 12);
  });

  test('yarn scales cosines and sines by 0.1 ln(factor) + 1 unless told otherwise', () => {
    const scaling = { kind: 'yarn', factor: 4, originalContext: 4096, attentionFactor: null, betaFast: 32, betaSlow: 1, truncate: true } as const;
    expect(rotarySpeeds({ theta: 10_000, scaling }, 64).attentionFactor).toBeCloseTo(0.1 * Math.log(4) + 1, 12);
    expect(rotarySpeeds({ theta: 10_000, scaling: { ...scaling, attentionFactor: 1.5 } }, 64).attentionFactor).toBe(1.5);
    const { speeds } = rotarySpeeds({ theta: 10_000, scaling }, 64);
    expect(speeds[0]).toBe(1);
    expect(speeds[31]).toBeCloseTo(10_000 ** (-62 / 64) / 4, 12);
  });
});
