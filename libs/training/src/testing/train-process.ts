// The program of a child process that trains and may be killed: node train-process.js JSON
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setThreads } from '@tunesmith/tensor';
import { trainModel, type TrainPlaces } from '../train-model.js';
import type { TrainOptions } from '../train-options.js';

export interface TrainProcessInput {
  readonly options: TrainOptions;
  readonly outFolder: string;
  readonly places: TrainPlaces;
  /** Dies before this call to the file system, counted from the first step's end. */
  readonly killBeforeCall?: number;
}

const { options, outFolder, places, killBeforeCall } = JSON.parse(process.argv[2]!) as TrainProcessInput;
let armed = false;
let calls = 0;

function count(): void {
  if (!armed) return;
  calls += 1;
  if (calls === killBeforeCall) process.kill(process.pid, 'SIGKILL');
}

type Call = (...values: unknown[]) => unknown;

/** Counts before each call of these methods, and hands what they return to `after`. */
function watch(object: object, names: readonly string[], after: (result: unknown) => void = () => undefined): void {
  for (const name of names) {
    const original = Reflect.get(object, name) as Call;
    Reflect.set(object, name, async function (this: unknown, ...values: unknown[]) {
      count();
      const result = await original.apply(this, values);
      after(result);
      return result;
    });
  }
}

// Every way in which the file system changes goes through here, the writes of an open file too.
watch(fs, ['mkdir', 'rename', 'rm', 'link']);
watch(fs, ['open'], (handle) => watch(handle as object, ['write', 'sync', 'close']));
syncBuiltinESMExports();

setThreads(1);
await trainModel(options, outFolder, {
  signal: new AbortController().signal,
  onProgress: ({ phase, done }) => {
    armed ||= phase === 'train';
    if (phase === 'train') process.stdout.write(`${done}\n`);
  },
}, places);
