import { defineMetric } from './metric.js';

/** Of continuations, whatever their lengths: exp of minus the mean of their log-probabilities. */
export const perplexity = defineMetric({ name: 'perplexity', aggregation: 'perplexity', higherIsBetter: false, functions: { ofContinuation: ({ logProb }) => logProb } });

/** Of texts: exp of minus the log-probability of all, divided by their words. */
export const wordPerplexity = defineMetric({ name: 'word_perplexity', aggregation: 'weighted_perplexity', higherIsBetter: false, functions: { ofText: ({ logProb, words }) => [logProb, words] } });

/** As `word_perplexity`, divided by their bytes. */
export const bytePerplexity = defineMetric({ name: 'byte_perplexity', aggregation: 'weighted_perplexity', higherIsBetter: false, functions: { ofText: ({ logProb, bytes }) => [logProb, bytes] } });

/** Bits that the model needs for a byte of the texts. */
export const bitsPerByte = defineMetric({ name: 'bits_per_byte', aggregation: 'bits_per_byte', higherIsBetter: false, functions: { ofText: ({ logProb, bytes }) => [logProb, bytes] } });
