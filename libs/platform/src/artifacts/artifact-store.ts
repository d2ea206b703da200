import type { ArtifactKind, ArtifactManifest, ArtifactRef } from '@tunesmith/contracts';

/** Read-only folders by the names that were asked for; disposing says that they are no longer read. */
export type StagedArtifacts<Name extends string> = AsyncDisposable & Readonly<Record<Name, string>>;

/** The same for a list, in its order; null stays null. */
export type StagedList<Folder extends string | null = string> = AsyncDisposable & { readonly folders: readonly Folder[] };

/**
 * Immutable folders by digest. An artifact is a manifest (paths, digests and sizes of its files), whose SHA-256 is the
 * artifact's digest; files are stored once by their own digest.
 */
export abstract class ArtifactStore {
  /**
   * Makes each artifact readable as a folder on this machine. Bytes are checked against their digests when they arrive;
   * folders are cached by digest, so the second time costs nothing.
   */
  abstract stage<Name extends string>(refs: Readonly<Record<Name, ArtifactRef>>, signal?: AbortSignal): Promise<StagedArtifacts<Name>>;
  /** The same for artifacts that have places instead of names; one may stand in several. */
  async stageList<Ref extends ArtifactRef | null>(refs: readonly Ref[], signal?: AbortSignal): Promise<StagedList<Ref extends null ? null : string>> {
    const staged = await this.stage<string>(Object.fromEntries(refs.flatMap((ref, place) => (ref === null ? [] : [[String(place), ref]]))), signal);
    return { folders: refs.map((_, place) => (staged[String(place)] ?? null) as Ref extends null ? null : string), [Symbol.asyncDispose]: () => Promise.resolve(staged[Symbol.asyncDispose]()) };
  }
  /** Stores the files of a folder; readers see the artifact only when all of it is there. The folder stays as it is. */
  abstract store(folder: string, kind: ArtifactKind, signal?: AbortSignal): Promise<ArtifactRef>;
  abstract has(digest: string): Promise<boolean>;
  abstract manifest(digest: string): Promise<ArtifactManifest>;
  /** The reference of a stored artifact. */
  abstract refOf(digest: string): Promise<ArtifactRef>;
  /** One small file of an artifact, such as `report.json`. */
  abstract readFile(ref: ArtifactRef, path: string): Promise<Uint8Array>;
  /** Writes the artifact's files as ordinary files into a new or empty folder (what `--out` and `model export` do). */
  abstract copyTo(ref: ArtifactRef, folder: string, signal?: AbortSignal): Promise<void>;
  /** Checks once at start that the store can do what is asked of it. */
  abstract probe(): Promise<void>;
}
