import type { Split } from '../row.js';

export type FileFormat = 'jsonl' | 'json' | 'csv' | 'parquet';
export type Compression = 'gzip' | 'zstd';
export type ArchiveKind = 'tar' | 'zip';

/** How a file of rows is read, as its name tells. */
export interface FileKind {
  readonly format: FileFormat;
  readonly compression?: Compression;
}

const formats: Readonly<Record<string, FileFormat>> = { '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.json': 'json', '.csv': 'csv', '.parquet': 'parquet' };
const compressions: Readonly<Record<string, Compression>> = { '.gz': 'gzip', '.zst': 'zstd' };
const archives: Readonly<Record<string, { readonly archive: ArchiveKind; readonly compression?: Compression }>> = {
  '.tar': { archive: 'tar' },
  '.tar.gz': { archive: 'tar', compression: 'gzip' },
  '.tgz': { archive: 'tar', compression: 'gzip' },
  '.tar.zst': { archive: 'tar', compression: 'zstd' },
  '.zip': { archive: 'zip' },
};

/** The endings that are read, for error messages. */
export const readableEndings = `${Object.keys(formats).join(', ')} (each also with ${Object.keys(compressions).join(' or ')}), ${Object.keys(archives).join(', ')}`;

/** Undefined where the name is not one of a file of rows. */
export function fileKind(name: string): FileKind | undefined {
  const lower = name.toLowerCase();
  const packed = Object.keys(compressions).find((ending) => lower.endsWith(ending));
  const plain = packed ? lower.slice(0, -packed.length) : lower;
  const ending = Object.keys(formats).find((each) => plain.endsWith(each));
  return ending ? { format: formats[ending]!, ...(packed && { compression: compressions[packed]! }) } : undefined;
}

/** Undefined where the name is not one of an archive. */
export function archiveKind(name: string): { readonly archive: ArchiveKind; readonly compression?: Compression } | undefined {
  const lower = name.toLowerCase();
  const ending = Object.keys(archives).find((each) => lower.endsWith(each));
  return ending ? archives[ending] : undefined;
}

const heldOut = ['eval', 'val', 'validation', 'valid', 'test', 'dev'];

export interface NameMeaning {
  readonly tag?: string;
  readonly split?: Split;
}

/**
 * What the name of a file in a folder says of its rows: its part before the first dot is their tag (`law` of law.train.jsonl), and a dotted part such as
 * `eval`, `test` or `train` their split. A file that is called by its split alone (test.jsonl) gives no tag.
 */
export function nameMeaning(name: string): NameMeaning {
  const parts = name.slice(name.lastIndexOf('/') + 1).split('.').slice(0, -1);
  const [stem = ''] = parts;
  const isSplit = (part: string): boolean => part.toLowerCase() === 'train' || heldOut.includes(part.toLowerCase());
  const split = parts.some((part) => heldOut.includes(part.toLowerCase())) ? 'validation' : parts.some((part) => part.toLowerCase() === 'train') ? 'train' : undefined;
  return { ...(stem !== '' && !isSplit(stem) ? { tag: stem } : {}), ...(split && { split }) };
}
