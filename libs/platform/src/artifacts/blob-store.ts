/** Where bytes live, by digest: what file store and S3 store differ in. Everything is written once and never changed. */
export interface BlobStore {
  /** For messages. */
  readonly description: string;
  hasBlob(digest: string): Promise<boolean>;
  /** Stores a file unless its blob exists; it appears under its digest only when all of it is durable. */
  putFile(path: string, signal?: AbortSignal): Promise<{ digest: string; size: number }>;
  /** Makes the blob a new file at `target` and returns the digest of the bytes that arrived. */
  materialize(digest: string, target: string, signal?: AbortSignal): Promise<string>;
  readBlob(digest: string): Promise<Uint8Array>;
  /** A manifest is written last: who sees it sees everything. */
  putManifest(digest: string, bytes: Uint8Array): Promise<void>;
  readManifest(digest: string): Promise<Uint8Array | undefined>;
  /** Checks that the store does what is asked of it. */
  probe(): Promise<void>;
}
