import { counterUniform } from '../counter-random.js';

export interface NeighbourEmbeddingOptions {
  readonly perplexity?: number;
  readonly steps?: number;
  readonly seed?: number;
}

/**
 * Exact t-SNE (van der Maaten and Hinton 2008) of unit vectors into the plane: who is near stays near. Takes time with the square of their number: for a
 * thousand points at most. The same vectors give the same picture.
 */
export function neighbourEmbedding(vectors: readonly Float32Array[], { perplexity = 30, steps = 400, seed = 1 }: NeighbourEmbeddingOptions = {}): [number, number][] {
  const count = vectors.length;
  if (count < 3) return vectors.map((_, place) => [place, 0]);
  const near = affinities(vectors, Math.min(perplexity, (count - 1) / 3)); // [count, count]
  const places = Float64Array.from({ length: 2 * count }, (_, index) => (counterUniform(seed, 31, index) - 0.5) * 1e-2);
  const velocity = new Float64Array(2 * count);
  const gains = new Float64Array(2 * count).fill(1);
  const kernel = new Float64Array(count * count);
  for (let step = 0; step < steps; step += 1) {
    const exaggeration = step < 100 ? 4 : 1;
    const momentum = step < 100 ? 0.5 : 0.8;
    let total = 0;
    for (let i = 0; i < count; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const value = 1 / (1 + (places[2 * i]! - places[2 * j]!) ** 2 + (places[2 * i + 1]! - places[2 * j + 1]!) ** 2);
        kernel[i * count + j] = value;
        kernel[j * count + i] = value;
        total += 2 * value;
      }
    }
    const gradient = new Float64Array(2 * count);
    for (let i = 0; i < count; i += 1) {
      for (let j = 0; j < count; j += 1) {
        if (i === j) continue;
        const value = kernel[i * count + j]!;
        const force = 4 * (exaggeration * near[i * count + j]! - value / total) * value;
        gradient[2 * i]! += force * (places[2 * i]! - places[2 * j]!);
        gradient[2 * i + 1]! += force * (places[2 * i + 1]! - places[2 * j + 1]!);
      }
    }
    for (let index = 0; index < 2 * count; index += 1) {
      // A coordinate that keeps its direction goes faster (section 3.4 of the paper, after Jacobs 1988).
      gains[index] = Math.max(0.01, Math.sign(gradient[index]!) === Math.sign(velocity[index]!) ? gains[index]! * 0.8 : gains[index]! + 0.2);
      velocity[index] = momentum * velocity[index]! - (count / 12) * gains[index]! * gradient[index]!;
      places[index]! += velocity[index]!;
    }
  }
  return Array.from({ length: count }, (_, place) => [places[2 * place]!, places[2 * place + 1]!]);
}

/** Symmetric probabilities of being neighbours, each row with a width that gives it the perplexity. */
function affinities(vectors: readonly Float32Array[], perplexity: number): Float64Array {
  const count = vectors.length;
  const wanted = Math.log(perplexity);
  const conditional = new Float64Array(count * count);
  for (let i = 0; i < count; i += 1) {
    const distances = vectors.map((vector) => 2 - 2 * dot(vectors[i]!, vector));
    let [low, high, precision] = [0, Infinity, 1];
    for (let tries = 0; tries < 60; tries += 1) {
      let sum = 0;
      let weighed = 0;
      for (let j = 0; j < count; j += 1) {
        const value = j === i ? 0 : Math.exp(-precision * distances[j]!);
        conditional[i * count + j] = value;
        sum += value;
        weighed += value * distances[j]!;
      }
      const entropy = Math.log(sum || 1e-300) + (precision * weighed) / (sum || 1e-300);
      for (let j = 0; j < count; j += 1) conditional[i * count + j]! /= sum || 1;
      if (Math.abs(entropy - wanted) < 1e-5) break;
      if (entropy > wanted) [low, precision] = [precision, high === Infinity ? precision * 2 : (precision + high) / 2];
      else [high, precision] = [precision, (precision + low) / 2];
    }
  }
  return Float64Array.from(conditional, (value, index) => Math.max(1e-12, (value + conditional[(index % count) * count + Math.floor(index / count)]!) / (2 * count)));
}

export function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += left[index]! * right[index]!;
  return sum;
}
