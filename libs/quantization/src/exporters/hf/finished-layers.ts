import { makeFolder, openSafetensors, weightDtypes, writeSafetensors, type SafetensorsEntry, type SafetensorsSource } from '@tunesmith/checkpoints';
import { empty, ops, scope, type Tensor } from '@tunesmith/tensor';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A layer as it goes into the folder. */
export interface PackedLayer {
  /** Of its linears. */
  readonly tensors: readonly SafetensorsEntry[];
  /** What else became another on the way, such as norms that took over scales: by name. */
  readonly changed: ReadonlyMap<string, Float32Array>;
}

const changedPrefix = 'changed:';
const hiddenFile = 'hidden.safetensors';
const hiddenName = 'hidden';
const pieceBytes = 8 << 20;

/**
 * Layers that are done, a file each, until the folder is written of them: whoever asks for the same work again goes on behind the last. Each file says in its metadata which work it
 * belongs to, and appears whole or not at all; what belongs to other work counts as not there, and is written over.
 */
export class FinishedLayers implements AsyncDisposable {
  readonly #opened = new AsyncDisposableStack();

  private constructor(
    private readonly folder: string,
    private readonly work: string,
    /** How many there are: layers 0 … count − 1. */
    public count: number,
  ) {}

  /** `work`: tells it from other work. `calibrates`: a layer is done when what comes out of it is there too. */
  static async open(folder: string, work: string, calibrates: boolean): Promise<FinishedLayers> {
    await makeFolder(folder);
    const layers = new FinishedLayers(folder, work, 0);
    const wanted = calibrates ? Number((await layers.#metadata(hiddenFile))?.get('layers') ?? 0) : Infinity;
    while (layers.count < wanted && (await layers.#metadata(layerFile(layers.count))) !== undefined) layers.count += 1;
    // What comes out of a layer is of no use where one before it is gone.
    if (calibrates && layers.count < wanted) layers.count = 0;
    return layers;
  }

  /** Adds the next layer, and what comes out of it [tokens, hidden] where the method calibrates. Throws FileWriteError (`disk-full`). */
  async add({ tensors, changed }: PackedLayer, hidden?: Tensor): Promise<void> {
    const others = Array.from(changed, ([name, values]): SafetensorsEntry => ({ name: changedPrefix + name, dtype: 'F32', shape: [values.length], bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }));
    await writeSafetensors(join(this.folder, layerFile(this.count)), [...tensors, ...others], { metadata: { work: this.work } });
    this.count += 1;
    if (hidden !== undefined) await writeSafetensors(join(this.folder, hiddenFile), [hiddenEntry(hidden)], { metadata: { work: this.work, layers: String(this.count) } });
  }

  /** What came out of the last layer, undefined where none is done; the caller disposes of it. */
  async hidden(): Promise<Tensor | undefined> {
    if (this.count === 0) return undefined;
    await using source = await openSafetensors(join(this.folder, hiddenFile));
    const { shape, dtype } = source.info(hiddenName);
    const hidden = empty(shape, { dtype: weightDtypes.get(dtype)! });
    const { descriptor, begin } = source.locate!(hiddenName)!;
    await hidden.readFileAsync(descriptor, begin);
    return hidden;
  }

  /** All layers in order; bytes are read when they are asked for. */
  async *read(): AsyncGenerator<PackedLayer> {
    for (let layer = 0; layer < this.count; layer += 1) {
      const source = this.#opened.use(await openSafetensors(join(this.folder, layerFile(layer))));
      const tensors: SafetensorsEntry[] = [];
      const changed = new Map<string, Float32Array>();
      for (const name of source.names()) {
        if (name.startsWith(changedPrefix)) changed.set(name.slice(changedPrefix.length), new Float32Array((await source.read(name)).buffer));
        else tensors.push({ ...source.info(name), bytes: () => source.read(name) });
      }
      yield { tensors, changed };
    }
  }

  /** The folder is written. */
  async remove(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  /** Undefined where the file is not there, is damaged, or belongs to other work. */
  async #metadata(file: string): Promise<SafetensorsSource['metadata'] | undefined> {
    const source = await openSafetensors(join(this.folder, file)).catch(() => undefined);
    await source?.close();
    return source?.metadata.get('work') === this.work ? source.metadata : undefined;
  }
}

function layerFile(layer: number): string {
  return `layer-${String(layer).padStart(4, '0')}.safetensors`;
}

/** Some rows at a time: calibrating on much, it is large. */
function hiddenEntry(hidden: Tensor): SafetensorsEntry {
  const { shape, dtype } = hidden;
  const [tokens = 0] = shape;
  const step = Math.max(1, Math.floor(pieceBytes / (hidden.byteLength / Math.max(1, tokens))));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < tokens; start += step) yield scope(() => ops.slice(hidden, 0, start, Math.min(tokens, start + step)).toBytes());
  }
  const [stored] = [...weightDtypes].find(([, each]) => each === dtype)!;
  return { name: hiddenName, dtype: stored, shape, bytes: pieces };
}
