import { forgetUnused, markUsed } from '@tunesmith/checkpoints';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationRequest, RequestResult } from './requests/evaluation-request.js';

/** Part of every key. Raise it when a change of the code makes other results of the same requests. */
const engine = 1;

/** What results belong to. */
export interface ResultOwner {
  /** The digest of the model's files; of a server, what it calls the model, and its address. */
  readonly model: string;
  /** That of the adapter beside them. */
  readonly adapter?: string | undefined;
  /** What it is computed in, or which of its files is asked. */
  readonly dtype: string;
}

/**
 * Results of requests, kept under what was asked: a file for each model, a line for each result, written as soon as it is there. A larger limit,
 * another metric, and work that was broken off ask only for what is missing. Files that nobody has used for a month are removed.
 */
export class ResultCache<Request extends object = EvaluationRequest, Result = RequestResult> implements Disposable {
  readonly #results = new Map<string, Result>();
  readonly #file: number;

  /** `folder` is made where it is missing. `fresh`: nothing that was kept is told; what is added takes its place. */
  constructor(folder: string, { model, adapter, dtype }: ResultOwner, { fresh = false }: { readonly fresh?: boolean | undefined } = {}) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${hash([engine, model, ...(adapter === undefined ? [] : [adapter]), dtype].join(' '))}.jsonl`);
    forgetUnused(folder);
    this.#file = openSync(path, 'a+', 0o600);
    const source = readFileSync(path, 'utf8');
    if (!fresh) for (const line of source.split('\n')) this.#read(line);
    // What was cut off in the middle must not swallow the next line.
    if (source !== '' && !source.endsWith('\n')) writeSync(this.#file, '\n');
    markUsed(path);
  }

  get(request: Request): Result | undefined {
    return this.#results.get(keyOf(request));
  }

  add(request: Request, result: Result): void {
    const key = keyOf(request);
    if (this.#results.has(key)) return;
    this.#results.set(key, result);
    writeSync(this.#file, `${JSON.stringify([key, result])}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #read(line: string): void {
    try {
      const [key, result] = JSON.parse(line) as [string, Result];
      this.#results.set(key, result);
    } catch {
      // Empty, or cut off by the end of its process: it counts as not there.
    }
  }
}

/** The same request has the same key: its text with all settings. */
export function keyOf(request: object): string {
  return hash(JSON.stringify(request));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
