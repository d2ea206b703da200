// The programs that our ONNX folders are for: transformers.js in a folder of its own (npm install) and onnxruntime-genai (pip), made once per user, about 1 GB.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const packages = { npm: '@huggingface/transformers@4.3.1', pip: 'onnxruntime-genai==0.18.0' };

/** The folder TUNESMITH_ONNX_CLIENTS, else the one in the user's cache: where `transformers` (a module) and `python` lie; undefined where nobody made it. */
export function findOnnxClients() {
  const folder = process.env.TUNESMITH_ONNX_CLIENTS || cached();
  const found = placesIn(folder);
  return existsSync(found.transformers) && existsSync(found.python) ? found : undefined;
}

/** As `findOnnxClients`; where there is none, makes it. */
export function onnxClients() {
  const found = findOnnxClients();
  if (found !== undefined) return found;
  const folder = process.env.TUNESMITH_ONNX_CLIENTS || cached();
  console.error(`installing transformers.js and onnxruntime-genai in ${folder} (a minute, once per user)`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', packages.npm], { cwd: folder });
  run('python3', ['-m', 'venv', join(folder, 'python')]);
  run(placesIn(folder).python, ['-m', 'pip', 'install', '--quiet', packages.pip]);
  return placesIn(folder);
}

function placesIn(folder) {
  return { transformers: join(folder, 'node_modules/@huggingface/transformers/dist/transformers.node.mjs'), python: join(folder, 'python/bin/python') };
}

function cached() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith', 'onnx-clients');
}

function run(command, args, options = {}) {
  if (spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options }).status !== 0) throw new Error(`${command} ${args.join(' ')} failed; its message stands above.`);
}
