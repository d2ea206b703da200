import { formatBytes, formatCount, formatNumber } from './format.js';

/** A figure under its name in words: "loss 0.8312", "480 tokens/s", "memory 1.2 GB", "learning rate 2.00e-4". */
export function describeMetric(name: string, value: number): string {
  if (name.endsWith('PerSecond')) return `${value >= 100 ? formatCount(Math.round(value)) : Number(value.toPrecision(2))} ${words(name.slice(0, -'PerSecond'.length))}/s`;
  if (name.endsWith('Bytes')) return `${words(name.slice(0, -'Bytes'.length))} ${formatBytes(value)}`;
  return `${words(name)} ${formatNumber(value)}`;
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
