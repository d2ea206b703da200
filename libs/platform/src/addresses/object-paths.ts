import { plainName } from './download-file.js';

/** Whether a key names something hidden below a prefix: such files are no part of a folder either, and `..` leads out of it. */
export function isHiddenKey(key: string, prefix: string): boolean {
  return key.slice(prefix.length).split('/').some((part) => part.startsWith('.'));
}

/**
 * Where the objects below a prefix go inside a folder: as they lie there, so that reports and tags name them so. No two keys get one path, also where a
 * disk takes no notice of case, and none that is a folder of another's.
 */
export function objectPaths(keys: readonly string[], prefix: string): string[] {
  const files = new Set<string>();
  const folders = new Set<string>();
  return keys.map((key) => {
    let path = key.slice(prefix.length).split('/').map((part) => plainName(part) || '_').join('/');
    while (files.has(path.toLowerCase()) || folders.has(path.toLowerCase()) || above(path).some((folder) => files.has(folder))) path = `_/${path}`;
    files.add(path.toLowerCase());
    for (const folder of above(path)) folders.add(folder);
    return path;
  });
}

function above(path: string): string[] {
  const parts = path.toLowerCase().split('/');
  return parts.slice(1).map((_part, place) => parts.slice(0, place + 1).join('/'));
}
