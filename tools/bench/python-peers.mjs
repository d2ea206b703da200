// The Python environment of the peers that figures are compared with: made once per user, about 7 GB and 3 minutes.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** ms-swift pins transformers, peft and trl; this set was seen to install and run together. */
const packages = ['torch==2.15.0', 'ms-swift==4.6.0', 'peft', 'safetensors'];

/** The folder of an environment with the peers: `given` where it is one, else one in the user's cache, made on the first call. */
export function pythonPeers(given) {
  const folder = given ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith', 'peers');
  const python = join(folder, 'bin', 'python');
  if (given && !existsSync(python)) throw new Error(`--peers: expected a Python environment with ${packages.join(', ')} in ${given}; there is no bin/python. Leave the option out to have one made.`);
  if (existsSync(python) && run(python, ['-c', 'import swift, peft, safetensors']) === 0) return folder;
  console.error(`making the peers' Python environment in ${folder} (minutes, once per user)`);
  if (run('python3', ['-m', 'venv', folder]) !== 0) throw new Error('python3 -m venv failed. Install Python 3 with venv.');
  if (run(python, ['-m', 'pip', 'install', '--quiet', ...packages]) !== 0) throw new Error(`pip could not install ${packages.join(', ')}; its message stands above.`);
  return folder;
}

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status;
}
