import { parsePythonLiteral } from '@tunesmith/datasets';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { PythonFunction } from './task-config.js';

/** What the functions of one published file do, said in our words. */
interface PublishedFunctions {
  readonly metrics?: Readonly<Record<string, string>>;
  readonly filters?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

const humaneval: PublishedFunctions = {
  metrics: { pass_at_k: 'code_eval' },
  filters: { build_predictions: [{ function: 'prepend', field: 'prompt' }], build_predictions_instruct: [{ function: 'cut_at', text: '```' }, { function: 'prepend', field: 'prompt' }] },
};
const mbpp: PublishedFunctions = { metrics: { pass_at_1: 'code_eval' } };

/** By the SHA-256 of the file, as lm-evaluation-harness 0.4.9 to 0.4.13 has it: who changed one is told that it cannot be run. */
const published: Readonly<Record<string, PublishedFunctions>> = {
  '5f77adbf75b4342a6113fea30168ea57b4e5c3877ffd3b4942cb338b3edb2c95': humaneval,
  eecfcc264a63801d4ac478fac80b0f18c3faf16a107baf641a4fd498e81de7df: mbpp,
};

/**
 * The fields of a YAML file in which references to Python (`!function MODULE.NAME`, of a file beside it) are replaced where that needs no Python: functions
 * without arguments that return what is written in them, and those of published files that are known to do what a metric or filter here does. All
 * others stay.
 */
export async function replacePythonFunctions(value: unknown, folder: string, confinedTo: string | undefined): Promise<unknown> {
  if (value instanceof PythonFunction) return (await literalOf(value, folder, confinedTo)) ?? value;
  if (Array.isArray(value)) return (await Promise.all(value.map((each) => replaceItem(each, folder, confinedTo)))).flat(1);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, own]) => [key, await replacePythonFunctions(own, folder, confinedTo)] as const)));
}

/** One of a list: a metric, a filter, which may stand for several, or something else. */
async function replaceItem(item: unknown, folder: string, confinedTo: string | undefined): Promise<unknown[]> {
  const { metric, function: word, filter_fn: step } = (item ?? {}) as Record<string, unknown>;
  if (metric instanceof PythonFunction) {
    const name = (await publishedBy(metric, folder, confinedTo))?.metrics?.[metric.word];
    if (name !== undefined) return [{ ...(item as object), metric: name }];
  }
  if (word === 'custom' && step instanceof PythonFunction) {
    const steps = (await publishedBy(step, folder, confinedTo))?.filters?.[step.word];
    if (steps) return [...steps];
  }
  return [await replacePythonFunctions(item, folder, confinedTo)];
}

async function publishedBy(reference: PythonFunction, folder: string, confinedTo: string | undefined): Promise<PublishedFunctions | undefined> {
  const source = await sourceOf(reference, folder, confinedTo);
  return source === undefined ? undefined : published[createHash('sha256').update(source).digest('hex')];
}

/** What a function without arguments returns, where its body is one literal. */
async function literalOf(reference: PythonFunction, folder: string, confinedTo: string | undefined): Promise<unknown> {
  const source = await sourceOf(reference, folder, confinedTo);
  const body = source && new RegExp(`^def ${reference.word}\\(\\)[^:\\n]*:\\n\\s+return (.*?)(?=^\\S|$(?![^]))`, 'ms').exec(`${source}\n`)?.[1];
  return body === undefined ? undefined : parsePythonLiteral(body.trim());
}

/** The file beside the YAML; undefined where there is none, or it may not be read. */
async function sourceOf({ module }: PythonFunction, folder: string, confinedTo: string | undefined): Promise<string | undefined> {
  const path = resolve(folder, `${module}.py`);
  if (!/^\w+$/.test(module) || (confinedTo !== undefined && relative(confinedTo, path).startsWith('..'))) return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}
