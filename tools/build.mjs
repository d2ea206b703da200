// Compiles every project's TypeScript into its dist/ with swc, and copies its YAML and Python there; only files that changed since the last build.
// Usage: node tools/build.mjs
import { transformFile } from '@swc/core';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function sourceFolders() {
  const projects = ['libs', 'services', 'tests'].flatMap((room) => readdirSync(join(root, room)).map((name) => join(root, room, name)));
  return [...projects.map((project) => [join(project, 'src'), join(project, 'dist')]), [join(root, 'native/ts'), join(root, 'native/dist')]].filter(([source]) => existsSync(source));
}

let compiled = 0;
for (const [source, target] of sourceFolders()) {
  const wanted = new Set();
  for (const path of readdirSync(source, { recursive: true }).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.endsWith('.d.ts'))) {
    const from = join(source, path);
    const to = join(target, path.replace(/\.ts$/, '.js'));
    wanted.add(relative(target, to));
    if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) continue;
    const { code } = await transformFile(from, { configFile: join(root, '.swcrc'), filename: from });
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, code);
    compiled += 1;
  }
  for (const path of readdirSync(source, { recursive: true }).filter((name) => /\.(?:yaml|py)$/.test(name))) {
    const [from, to] = [join(source, path), join(target, path)];
    wanted.add(path);
    if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) continue;
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
  // A source that is gone must not live on in dist.
  if (!existsSync(target)) continue;
  for (const path of readdirSync(target, { recursive: true }).filter((name) => /\.(?:js|yaml|py)$/.test(name) && !wanted.has(name))) rmSync(join(target, path));
}
if (compiled) console.error(`compiled ${compiled} files`);
