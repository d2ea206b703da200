import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signatureBytes } from './min-hash.js';

const blockRows = 8192;
const blockBytes = blockRows * signatureBytes;

/** Signatures one behind the other: in memory while they are few, from then on in a temporary file that has no name. */
export class SignatureStore implements Disposable {
  private count = 0;
  private readonly blocks: Uint8Array[] = [];
  private tail = new Uint8Array(blockBytes);
  private file: number | undefined;

  /** `rowsInMemory`: more than that many go to a file. */
  constructor(private readonly rowsInMemory: number) {}

  get length(): number {
    return this.count;
  }

  /** A place for the next signature: 128 bytes to be written at once. */
  next(): Uint8Array {
    const within = this.count % blockRows;
    if (within === 0 && this.count > 0) this.put(this.tail);
    this.count += 1;
    return this.tail.subarray(within * signatureBytes, (within + 1) * signatureBytes);
  }

  /** All signatures in their order, by blocks: `first` is the row that a block begins with. */
  *all(): Generator<{ readonly first: number; readonly rows: number; readonly bytes: Uint8Array }> {
    const full = Math.floor((this.count - 1) / blockRows);
    const buffer = this.file === undefined ? undefined : new Uint8Array(blockBytes);
    for (let block = 0; block < full; block += 1) yield { first: block * blockRows, rows: blockRows, bytes: this.blocks[block] ?? this.readAt(block * blockBytes, buffer!) };
    if (this.count > 0) yield { first: full * blockRows, rows: this.count - full * blockRows, bytes: this.tail };
  }

  /** Where the signature of one row stands. `buffer` takes it where it comes from the file. */
  at(row: number, buffer: Uint8Array): { readonly bytes: Uint8Array; readonly start: number } {
    const block = Math.floor(row / blockRows);
    const start = (row % blockRows) * signatureBytes;
    if (block >= Math.floor((this.count - 1) / blockRows)) return { bytes: this.tail, start };
    const held = this.blocks[block];
    return held ? { bytes: held, start } : { bytes: this.readAt(row * signatureBytes, buffer), start: 0 };
  }

  [Symbol.dispose](): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    this.blocks.length = 0;
  }

  private put(block: Uint8Array): void {
    if (this.file === undefined && this.count < this.rowsInMemory) {
      this.blocks.push(block);
      this.tail = new Uint8Array(blockBytes);
      return;
    }
    if (this.file === undefined) {
      this.file = openUnnamed();
      for (const each of this.blocks) writeAll(this.file, each);
      this.blocks.length = 0;
    }
    writeAll(this.file, block);
  }

  private readAt(position: number, into: Uint8Array): Uint8Array {
    for (let done = 0; done < into.length; ) {
      const read = readSync(this.file!, into, done, into.length - done, position + done);
      if (read === 0) throw new Error('the temporary file of signatures was cut off');
      done += read;
    }
    return into;
  }
}

/** Whatever becomes of the process, nothing is left behind. */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'tunesmith-signatures-'));
  try {
    return openSync(join(folder, 'signatures'), 'w+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
