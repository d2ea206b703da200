// What an installation takes on disk: packages, toolchain, native library, libtorch's CPU part, compiled TypeScript.
// Usage: node tools/bench/installed-size.mjs
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { printFigure, root } from './figure.mjs';

const limit = 1.6;
const seen = new Set();

/** Bytes on disk as `du` counts them: blocks, each file once however many names it has. */
function sizeOf(path) {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat || seen.has(`${stat.dev}:${stat.ino}`)) return 0;
  seen.add(`${stat.dev}:${stat.ino}`);
  const own = stat.blocks * 512;
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), own) : own;
}

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith');
const libtorch = process.env.TUNESMITH_LIBTORCH ?? (existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('libtorch-')).map((name) => join(cache, name)).at(-1) : undefined);
if (!libtorch) throw new Error(`expected libtorch in ${cache} or TUNESMITH_LIBTORCH; found none. Try: npm run bootstrap`);

const compiled = ['libs', 'services', 'tests'].flatMap((room) => readdirSync(join(root, room)).map((name) => join(root, room, name, 'dist')));
const parts = {
  packages: [join(root, 'node_modules')],
  toolchain: ['node', 'bin'].map((name) => join(root, '.toolchain', name)),
  'native library': [join(root, 'native/build'), join(root, 'native/dist')],
  "libtorch's CPU part": [libtorch],
  'compiled TypeScript': compiled,
};
let total = 0;
for (const [name, paths] of Object.entries(parts)) {
  const bytes = paths.reduce((sum, path) => sum + sizeOf(path), 0);
  total += bytes;
  printFigure(`  ${name}`, bytes / 1e9, 'GB', undefined, 3);
}
printFigure('installed size', total / 1e9, 'GB', limit, 3);
