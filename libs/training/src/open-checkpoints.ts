import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoints, type CheckpointPlace } from './checkpoints.js';
import type { TrainOptions } from './train-options.js';
import type { TrainingProgress } from './training-progress.js';
import { withoutFolders } from './without-folders.js';

export interface OpenCheckpoints extends AsyncDisposable {
  readonly checkpoints: Checkpoints<TrainingProgress>;
  /** Where the batch of a failed step is kept. */
  readonly failedFolder: string;
}

/** Without a place there is nothing to go on from later; the best weights still wait on disk for the end, in a folder that goes with this. */
export async function openCheckpoints(options: TrainOptions, outFolder: string, place: CheckpointPlace | undefined): Promise<OpenCheckpoints> {
  if (place) {
    return { checkpoints: await Checkpoints.open(place, identityOf(options)), failedFolder: join(place.folder, place.writer, 'failed'), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const folder = await mkdtemp(`${outFolder}.checkpoints-`);
  return {
    checkpoints: await Checkpoints.open({ folder, writer: 'only', inputs: {} }, identityOf(options)),
    failedFolder: `${outFolder}.failed`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What decides the result: the contents of folders are named by the place, and when one saves makes no difference. */
function identityOf(options: TrainOptions): Record<string, unknown> {
  const { saveEvery: _when, ...deciding } = withoutFolders(options);
  return deciding;
}
