// Node 24: the one that runs this script where it is one and has its headers, else the npm package for this platform.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BootstrapError, log, runCommand } from './report.mjs';

const version = '24.21.0';

/** Returns the executable, its headers' folder, and the folder that node-gyp calls nodedir. */
export async function bringNode(root) {
  const own = describeNode(dirname(dirname(process.execPath)));
  if (process.versions.node.startsWith('24.') && own) return own;
  const home = join(root, '.toolchain', 'node');
  const present = describeNode(home);
  if (present) return present;

  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const packageName = `node-${platform}-${process.arch}@${version}`;
  log(`fetching Node ${version} (this is ${process.versions.node})`);
  mkdirSync(join(root, '.toolchain'), { recursive: true });
  const scratch = mkdtempSync(join(root, '.toolchain', 'node-'));
  try {
    runCommand('npm', ['pack', '--silent', packageName], { cwd: scratch, hint: `Is there an npm package ${packageName} for this machine, and does npm reach its registry? Otherwise install Node 24 and run again with it.` });
    const archive = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
    runCommand('tar', ['xzf', archive], { cwd: scratch });
    rmSync(home, { recursive: true, force: true });
    renameSync(join(scratch, 'package'), home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const fetched = describeNode(home);
  if (!fetched) throw new BootstrapError(`expected bin/node and include/node in the package ${packageName}; they are not there. Install Node 24 and run again with it.`);
  return fetched;
}

function describeNode(home) {
  const executable = join(home, 'bin', 'node');
  const include = join(home, 'include', 'node');
  return existsSync(executable) && existsSync(join(include, 'node_api.h')) ? { executable, include, home } : undefined;
}
