import { copyFile, link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, writeFileAtomically } from '@tunesmith/checkpoints';
import { readManifest, restoreTensors, writeCheckpoint, type CheckpointIdentity, type CheckpointManifest, type TensorGroups } from './checkpoint-folder.js';
import { TrainingError } from './training-error.js';

/** Where the checkpoints of one training lie. */
export interface CheckpointPlace {
  /** Of this training alone; all its attempts share it. */
  readonly folder: string;
  /**
   * Names this attempt, which writes below `folder/WRITER` only: one that has lost its lease and does not know it yet cannot touch what its
   * successor writes.
   */
  readonly writer: string;
  /** What the folders of the options hold, such as `{ model: DIGEST, dataset: DIGEST }`: a checkpoint of other inputs is refused. */
  readonly inputs: CheckpointIdentity;
}

/** What the pointer names: the newest checkpoint, and the one of the best evaluation, which stays beside the last two. */
interface Pointer {
  readonly latest: string;
  readonly best: string | null;
}

interface Found<Progress> {
  readonly writer: string;
  readonly pointer: Pointer;
  readonly manifest: CheckpointManifest<Progress>;
}

const pointerName = 'latest.json';

/**
 * The checkpoints of one training. A save writes shards, then the manifest, then moves the pointer, and only then removes what is older than
 * the last two; so a kill at any moment leaves a whole checkpoint, and a reader sees none that is not.
 *
 *   folder/WRITER/latest.json                  the pointer
 *   folder/WRITER/step-00000020/               parameters.safetensors, optimizer.safetensors, …, manifest.json
 */
export class Checkpoints<Progress> {
  private constructor(private readonly folder: string, private readonly identity: CheckpointIdentity, private pointer: Pointer | undefined, private readonly found: CheckpointManifest<Progress> | undefined) {}

  /**
   * Takes over the newest whole checkpoint of any attempt.
   *
   * @throws TrainingError `checkpoint-of-another` with what differs, where it belongs to another training.
   */
  static async open<Progress>({ folder, writer, inputs }: CheckpointPlace, options: CheckpointIdentity): Promise<Checkpoints<Progress>> {
    const identity = { ...inputs, ...options };
    const own = join(folder, writer);
    await mkdir(own, { recursive: true });
    const writers = await readdir(folder);
    const all = await Promise.all(writers.map((name) => newestOf<Progress>(folder, name)));
    const newest = all.reduce((best, found) => (found && (!best || found.manifest.step > best.manifest.step) ? found : best), undefined);
    if (!newest) return new Checkpoints<Progress>(own, identity, undefined, undefined);
    expectSame(join(folder, newest.writer), newest.manifest, identity);
    if (newest.writer !== writer) await adopt(join(folder, newest.writer), newest.pointer, own);
    for (const name of writers) if (name !== writer) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
    return new Checkpoints(own, identity, newest.pointer, newest.manifest);
  }

  /** What the loop knew when the newest checkpoint was written; undefined where there is none. */
  get progress(): Progress | undefined {
    return this.found?.progress;
  }

  /** Fills the tensors from the checkpoint whose `progress` was told. */
  async restore(groups: TensorGroups): Promise<void> {
    if (this.pointer) await restoreTensors(join(this.folder, this.pointer.latest), groups);
  }

  /** Fills the tensors from the checkpoint that was saved as the best one. */
  async restoreBest(groups: TensorGroups): Promise<void> {
    if (!this.pointer?.best) throw new TrainingError('checkpoint-damaged', 'train: expected a checkpoint of the best evaluation to take the weights from; there is none.');
    const folder = join(this.folder, this.pointer.best);
    await readManifest(folder);
    await restoreTensors(folder, groups);
  }

  /** Saves the state after `step` steps; `isBest` says that its evaluation was the best so far. */
  async save(step: number, progress: Progress, groups: TensorGroups, { isBest = false }: { readonly isBest?: boolean } = {}): Promise<void> {
    const name = `step-${String(step).padStart(8, '0')}`;
    await writeCheckpoint(join(this.folder, name), { step, identity: this.identity, progress, groups });
    const before = this.pointer;
    this.pointer = { latest: name, best: isBest ? name : (before?.best ?? null) };
    await writeFileAtomically(join(this.folder, pointerName), jsonText(this.pointer));
    const kept = new Set<string | null | undefined>([name, before?.latest, this.pointer.best]);
    for (const other of await readdir(this.folder)) {
      if (other.startsWith('step-') && !kept.has(other)) await rm(join(this.folder, other), { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

/** The checkpoint that the pointer of a writer names, or the newest whole one before it where the disk has damaged that. */
async function newestOf<Progress>(folder: string, writer: string): Promise<Found<Progress> | undefined> {
  let pointer: Pointer;
  try {
    pointer = JSON.parse(await readFile(join(folder, writer, pointerName), 'utf8')) as Pointer;
  } catch {
    return undefined; // killed before its first checkpoint was whole
  }
  const names = await readdir(join(folder, writer));
  const earlier = names.filter((name) => name.startsWith('step-') && name < pointer.latest).sort().reverse();
  for (const latest of [pointer.latest, ...earlier]) {
    const manifest = await readManifest<Progress>(join(folder, writer, latest)).catch(() => undefined);
    if (manifest) return { writer, pointer: { ...pointer, latest }, manifest };
  }
  return undefined;
}

/** Makes the checkpoints of an earlier attempt one's own. Their files never change, so a second name for them is enough. */
async function adopt(from: string, pointer: Pointer, own: string): Promise<void> {
  for (const name of new Set([pointer.latest, pointer.best ?? pointer.latest])) {
    await mkdir(join(own, name), { recursive: true });
    for (const file of await readdir(join(from, name))) {
      const target = join(own, name, file);
      await link(join(from, name, file), target).catch(() => copyFile(join(from, name, file), target));
    }
  }
  await writeFileAtomically(join(own, pointerName), jsonText(pointer));
}

function expectSame(folder: string, manifest: CheckpointManifest, identity: CheckpointIdentity): void {
  const keys = [...new Set([...Object.keys(identity), ...Object.keys(manifest.identity)])];
  const differences = keys.filter((key) => JSON.stringify(identity[key]) !== JSON.stringify(manifest.identity[key]));
  if (differences.length === 0) return;
  const described = differences.map((key) => `${key} was ${JSON.stringify(manifest.identity[key]) ?? 'not given'} and is ${JSON.stringify(identity[key]) ?? 'not given'}`);
  throw new TrainingError('checkpoint-of-another', `train: expected the checkpoint in ${folder} to be of this training; ${described.join('; ')}. Train with the same model, dataset and options, or start anew.`, { folder, differences });
}
