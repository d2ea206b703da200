// The Python environment of the peers that tests and figures are compared with: made once per user, about 7 GB and 15 minutes (llama-cpp-python is compiled).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** ms-swift pins transformers, peft and trl; this set was seen to install and run together. */
const packages = ['torch==2.15.0', 'ms-swift==4.6.0', 'peft', 'safetensors', 'mergekit==0.1.5', 'llama-cpp-python==0.3.36', 'lm-eval[hf]==0.4.13', 'compressed-tensors==0.20.0'];
const modules = ['torch', 'swift', 'peft', 'safetensors', 'mergekit', 'llama_cpp', 'lm_eval', 'compressed_tensors'];

/**
 * The folder of an environment that is there: `given` or TUNESMITH_PEERS where one of them is set, else the one in the user's cache; undefined where
 * nobody made that one. Throws where the one that was named lacks a peer.
 */
export function findPythonPeers(given = process.env.TUNESMITH_PEERS || undefined) {
  const folder = given ?? cached();
  const missing = existsSync(pythonOf(folder)) ? modules.filter((name) => run(pythonOf(folder), ['-c', `import importlib.util as u, sys; sys.exit(u.find_spec("${name}") is None)`]) !== 0) : ['bin/python'];
  if (missing.length === 0) return folder;
  if (given === undefined) return undefined;
  throw new Error(`--peers or TUNESMITH_PEERS: expected a Python environment with ${packages.join(', ')}; ${given} lacks ${missing.join(', ')}. Name none to have one made.`);
}

/** As `findPythonPeers`; where there is none, makes the one in the user's cache. */
export function pythonPeers(given) {
  const found = findPythonPeers(given);
  if (found !== undefined) return found;
  const folder = cached();
  console.error(`making the peers' Python environment in ${folder} (minutes, once per user)`);
  if (run('python3', ['-m', 'venv', folder]) !== 0) throw new Error('python3 -m venv failed. Install Python 3 with venv.');
  if (run(pythonOf(folder), ['-m', 'pip', 'install', '--quiet', ...packages]) !== 0) throw new Error(`pip could not install ${packages.join(', ')}; its message stands above.`);
  return folder;
}

function cached() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith', 'peers');
}

function pythonOf(folder) {
  return join(folder, 'bin', 'python');
}

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status;
}
