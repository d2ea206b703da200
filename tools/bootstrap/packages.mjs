// The npm packages of package-lock.json, installed for the Node that will run them.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { log, runCommand } from './report.mjs';

export async function installPackages(root, node) {
  const stampFile = join(root, 'node_modules', '.tunesmith-stamp');
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(node.executable)
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  log('installing packages (one to three minutes)');
  // Not `npm ci`: it refuses a lockfile that lacks other platforms' optional packages, which not every registry carries at every version.
  // `--no-save` installs what the lockfile pins and leaves it alone.
  runCommand('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: root,
    env: {
      ...process.env,
      // The headers of the Node that will run better-sqlite3, so that nothing is fetched for it.
      npm_config_nodedir: node.home,
      // onnxruntime-node's CPU library is in the package; its script would fetch CUDA's.
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true',
      SCARF_ANALYTICS: 'false',
      NODE_ENV: 'development',
    },
    hint: 'If a C++ compiler, make or Python 3 is missing, install it (Debian: apt install build-essential python3) and run again.',
  });
  removeForeignRuntimes(root);
  writeFileSync(stampFile, stamp);
}

/** onnxruntime-node brings the libraries of every platform, 200 MB of which this machine can never load. */
function removeForeignRuntimes(root) {
  const folder = join(root, 'node_modules', 'onnxruntime-node', 'bin');
  for (const version of existsSync(folder) ? readdirSync(folder) : []) {
    for (const platform of readdirSync(join(folder, version))) {
      for (const architecture of readdirSync(join(folder, version, platform))) {
        if (platform !== process.platform || architecture !== process.arch) rmSync(join(folder, version, platform, architecture), { recursive: true });
      }
    }
  }
}
