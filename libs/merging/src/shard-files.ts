import { statfsSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, safetensorsIndexName, writeError, writeFileAtomically, type PlacedBytes, type ShardPlan } from '@tunesmith/checkpoints';
import { checksumFile, type Tensor } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';
import type { MergeJournal, WrittenPart } from './merge-journal.js';
import type { Strip } from './merge-plan.js';
import { bytesBefore } from './strips-of.js';

/** Bytes of the disk that a merge leaves to others. What it has written stays when the disk is full, and the record that says so needs room. */
const leftToOthers = 16 * 2 ** 20;

interface OpenShard {
  readonly plan: ShardPlan;
  readonly path: string;
  readonly handle: FileHandle;
  missing: number;
}

/**
 * The safetensors files of a result, written in any order, each tensor straight from its memory to its place. A file gets its name when its last tensor is
 * in it; until then it ends in `.partial`, and stays after a failure, for the journal to go on from.
 *
 * Bytes are left to the system to bring to the disk, as `cp` does: after a failure of power the journal's checksums tell what has arrived.
 */
export class ShardFiles implements AsyncDisposable {
  private readonly shards = new Map<string, OpenShard>();
  /** Bytes of tensors that are being written. */
  private underWay = 0;
  /** What is written so far of tensors that come in strips, and where it begins. */
  private readonly strips = new Map<string, { bytes: number; readonly parts: (WrittenPart & { readonly begin: number })[] }>();

  private constructor(
    private readonly folder: string,
    private readonly plans: readonly ShardPlan[],
    private readonly index: Readonly<Record<string, unknown>> | undefined,
    private readonly journal: MergeJournal,
    private readonly places: ReadonlyMap<string, { readonly shard: ShardPlan; readonly tensor: PlacedBytes }>,
  ) {}

  /**
   * Opens the files of a plan. -> also which tensors an earlier attempt has left whole.
   *
   * @throws MergeError `disk-full` where there is no room for the others, FileWriteError
   */
  static async open(folder: string, { shards: plans, index }: { shards: readonly ShardPlan[]; index: Readonly<Record<string, unknown>> | undefined }, journal: MergeJournal): Promise<{ files: ShardFiles; done: ReadonlySet<string> }> {
    const places = new Map(plans.flatMap((shard) => shard.tensors.map((tensor) => [tensor.name, { shard, tensor }] as const)));
    const files = new ShardFiles(folder, plans, index, journal, places);
    const done = new Set<string>();
    try {
      for (const plan of plans) {
        const shard = await files.openShard(plan);
        for (const tensor of plan.tensors) {
          if (!(await holds(shard.handle.fd, tensor, journal.earlier.get(tensor.name)))) continue;
          done.add(tensor.name);
          shard.missing -= 1;
        }
      }
      files.expectRoom(plans.flatMap(({ tensors }) => tensors).reduce((sum, { name, byteLength }) => sum + (done.has(name) ? 0 : byteLength), 0));
    } catch (error) {
      await files[Symbol.asyncDispose]();
      throw error;
    }
    return { files, done };
  }

  /** Writes a tensor, or some rows of it, to its place. -> whether all of it is written. @throws MergeError `merge-not-finite`, `disk-full`; FileWriteError */
  async write(name: string, tensor: Tensor, strip?: Strip): Promise<boolean> {
    const { shard: plan, tensor: place } = this.places.get(name)!;
    const shard = this.shards.get(plan.fileName)!;
    const begin = place.begin + bytesBefore(strip, place.byteLength);
    // What is written beside it has its room in part already; who counts all of it never takes too much.
    this.underWay += tensor.byteLength;
    const explain = (cause: unknown): never => {
      throw explained(cause, join(this.folder, plan.fileName));
    };
    const { finite, checksum } = await this.put(tensor, shard, begin)
      .catch(explain)
      .finally(() => void (this.underWay -= tensor.byteLength));
    if (!finite) throw new MergeError('merge-not-finite', `merge: the merged weight "${name}" is not finite. Check the method's parameters: weights that cancel each other, or a density of 0, divide by nothing.`, { tensor: name });
    const written = this.strips.get(name) ?? { bytes: 0, parts: [] };
    this.strips.set(name, written);
    written.bytes += tensor.byteLength;
    written.parts.push({ begin, byteLength: tensor.byteLength, checksum });
    if (written.bytes < place.byteLength) return false;
    this.strips.delete(name);
    await this.journal.note(name, written.parts.sort((one, other) => one.begin - other.begin)).catch(explain);
    shard.missing -= 1;
    return true;
  }

  /** Gives every file its name, and writes the index. */
  async commit(): Promise<void> {
    for (const [fileName, { path, handle, missing }] of this.shards) {
      if (missing > 0) throw new Error(`${fileName} lacks ${missing} tensors`);
      await handle.close();
      this.shards.delete(fileName);
      await rename(path, join(this.folder, fileName));
    }
    const indexPath = join(this.folder, safetensorsIndexName);
    if (this.index) await writeFileAtomically(indexPath, jsonText(this.index));
  }

  /** Removes what was written: it must not be continued. */
  async discard(): Promise<void> {
    await this[Symbol.asyncDispose]();
    for (const { fileName } of this.plans) for (const name of [fileName, `${fileName}.partial`]) await rm(join(this.folder, name), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { handle } of this.shards.values()) await handle.close();
    this.shards.clear();
  }

  private async put(tensor: Tensor, { handle }: OpenShard, begin: number): Promise<{ finite: boolean; checksum: bigint }> {
    this.expectRoom(this.underWay);
    return tensor.writeFileAsync(handle.fd, begin);
  }

  /** At once: another thread would come to it only behind all that is being read ahead. */
  private expectRoom(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.folder);
    const free = bavail * bsize;
    if (bytes === 0 || free >= bytes + leftToOthers) return;
    const megabytes = (count: number): string => `${(count / 2 ** 20).toFixed(1)} MB`;
    throw new MergeError('disk-full', `merge: expected room for ${megabytes(bytes)} of weights in ${this.folder}, and ${megabytes(leftToOthers)} for everything else; ${megabytes(free)} are free. ${goesOn}`, { path: this.folder, bytes, free });
  }

  private async openShard(plan: ShardPlan): Promise<OpenShard> {
    const path = join(this.folder, `${plan.fileName}.partial`);
    // A file of an earlier attempt is kept as it is, if the journal is of the same merge.
    if (this.journal.earlier.size === 0) await rm(path, { force: true });
    else await rename(join(this.folder, plan.fileName), path).catch(() => undefined);
    try {
      const handle = await open(path, 'r+').catch(() => open(path, 'w+'));
      const shard = { plan, path, handle, missing: plan.tensors.length };
      this.shards.set(plan.fileName, shard);
      await handle.write(plan.header, 0, plan.header.byteLength, 0);
      await handle.truncate(plan.byteLength);
      return shard;
    } catch (cause) {
      throw explained(cause, path);
    }
  }
}

/** Whether a tensor's place holds the parts that were written there. */
async function holds(descriptor: number, { begin, byteLength }: PlacedBytes, parts: readonly WrittenPart[] | undefined): Promise<boolean> {
  if (!parts) return false;
  let at = 0;
  for (const part of parts) {
    if ((await checksumFile(descriptor, begin + at, part.byteLength).catch(() => undefined)) !== part.checksum) return false;
    at += part.byteLength;
  }
  return at === byteLength;
}

const goesOn = 'Free space and ask for the same merge again, or resume its run: it goes on from what is written.';

/** The bridge tells of a full disk without the file's name. */
function explained(cause: unknown, path: string): Error {
  if (cause instanceof MergeError) return cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  const full = code === 'disk-full' || code === 'ENOSPC' || code === 'EDQUOT';
  if (full) return new MergeError('disk-full', `merge: no space left to write ${path}. ${goesOn}`, { path });
  return writeError(path, cause);
}
