/** One file of rows, wherever it lies: on its own, in a folder, in an archive. */
export interface SourceFile {
  /** Its path inside the folder or archive, with `/`; its own name where it stands alone. */
  readonly name: string;
  /** Where it lies on disk; absent inside an archive. */
  readonly path?: string;
  /** Bytes as it lies on disk; absent inside an archive. */
  readonly size?: number;
  /** Its bytes as they lie. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** What a dataset is imported from. */
export interface Source {
  readonly kind: 'file' | 'folder' | 'archive';
  /** The files of rows, one after the other: each has to be read, or left, before the next is asked for. */
  files(): AsyncIterable<SourceFile>;
  /** The files that hold no rows, complete once all of `files` were asked for. */
  readonly otherFiles: readonly string[];
  /** Throws DatasetError `dataset-changed` where anything was written, added or removed since the source was opened. */
  expectUnchanged(): Promise<void>;
}

export interface OpenSourceOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes read so far and those there are, as they lie on disk. */
  readonly onBytes?: (done: number, total: number) => void;
}
