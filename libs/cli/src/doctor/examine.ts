// This one file uses nothing but Node and runs without being compiled: the launcher starts it as it is when nothing is built yet.
import { spawn } from 'node:child_process';
import { constants, existsSync, readdirSync } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Finding {
  readonly name: string;
  /** `missing` stops Tunesmith from working; `note` is worth knowing. */
  readonly status: 'ok' | 'missing' | 'note';
  /** What was found. */
  readonly found: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** The oldest nats-server that has everything the bus uses. */
const oldestNats = [2, 11];
/** Room for one small model, its tuned version and the quantized files. */
const leastDiskBytes = 2 * 1024 ** 3;

/** Looks at everything that Tunesmith needs; changes nothing. */
export async function examine(root: string, home: string, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const bootstrap = `(cd ${root} && npm run bootstrap)`;
  const native = await examineNative(root, bootstrap);
  // Only the bootstrap uses compilers and Python: once the native library works they are not missed.
  const neededBy = native.status === 'ok' ? 'note' : 'missing';
  return [
    examineNode(bootstrap),
    examineFile('packages', join(root, 'node_modules/commander/package.json'), 'node_modules', bootstrap),
    examineFile('compiled services', join(root, 'services/standalone/dist/main.js'), 'services/standalone/dist', bootstrap),
    examineFile('compiled command', join(root, 'libs/cli/dist/main.js'), 'libs/cli/dist', bootstrap),
    native,
    ...(await examineDevice(root, native, environment)),
    examineLibtorch(native, environment, bootstrap),
    await examineNats(root, bootstrap),
    await examineTool('C++ compiler', ['c++', 'g++', 'clang++'], neededBy, installCommand('g++')),
    await examineTool('cmake', ['cmake'], neededBy, installCommand('cmake')),
    await examineTool('make', ['make', 'ninja'], neededBy, installCommand('make')),
    await examineTool('Python 3', ['python3'], neededBy, installCommand('python3')),
    await examinePip(neededBy),
    await examineHome(home),
    await examineDisk(home),
    await examinePort(home, environment),
  ];
}

/** Findings as lines for a person. */
export function describeFindings(findings: readonly Finding[]): string[] {
  const mark = { ok: '✓', missing: '✗', note: '-' };
  const width = Math.max(...findings.map((finding) => finding.name.length));
  const missing = findings.filter((finding) => finding.status === 'missing').length;
  return [
    ...findings.flatMap(({ name, status, found, mend }) => [`${mark[status]} ${name.padEnd(width)}  ${found}`, ...(mend && status !== 'ok' ? [`  ${' '.repeat(width)}  try: ${mend}`] : [])]),
    missing === 0 ? 'nothing is missing' : `${missing} missing`,
  ];
}

function examineNode(bootstrap: string): Finding {
  const name = 'Node 24 or newer';
  const found = `${process.versions.node} at ${process.execPath}`;
  return Number(process.versions.node.split('.')[0]) >= 24 ? { name, status: 'ok', found } : { name, status: 'missing', found, mend: bootstrap };
}

function examineFile(name: string, path: string, shown: string, mend: string): Finding {
  return existsSync(path) ? { name, status: 'ok', found: shown } : { name, status: 'missing', found: `${shown} is not there`, mend };
}

async function examineNative(root: string, mend: string): Promise<Finding> {
  const name = 'native library';
  const addon = join(root, 'native/build/compute.node');
  if (!existsSync(addon)) return { name, status: 'missing', found: 'native/build/compute.node is not built', mend };
  // In a process of its own: it loads libtorch, and a broken library may take its process down.
  const { code, output } = await run(process.execPath, ['-e', 'process.dlopen({ exports: {} }, process.argv[1])', addon]);
  if (code === 0) return { name, status: 'ok', found: 'native/build/compute.node loads' };
  const reason = output.split('\n').find((line) => line.startsWith('Error:')) ?? `ended with ${code}`;
  return { name, status: 'missing', found: `native/build/compute.node does not load: ${reason}`, mend: `rm -r ${join(root, 'native/build')} && ${mend}` };
}

/** Whether the device that models are to compute on can be used; nothing to say of the CPU. */
async function examineDevice(root: string, native: Finding, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const device = environment['TUNESMITH_DEVICE'] ?? 'cpu';
  if (device === 'cpu' || native.status !== 'ok') return [];
  const name = 'device';
  const script = "const library = { exports: {} }; process.dlopen(library, process.argv[1]); library.exports.op('aten::zeros', '')([1], 'float32', undefined, process.argv[2])";
  const { code, output } = await run(process.execPath, ['-e', script, join(root, 'native/build/compute.node'), device]);
  if (code === 0) return [{ name, status: 'ok', found: `${device} can be used` }];
  const reason = /cannot use [^\n]*|there is no device [^\n]*/.exec(output)?.[0] ?? `ended with ${code}`;
  return [{ name, status: 'missing', found: reason, mend: 'unset TUNESMITH_DEVICE, or mend what is said above' }];
}

function examineLibtorch(native: Finding, environment: NodeJS.ProcessEnv, mend: string): Finding {
  const name = 'libtorch';
  const own = environment['TUNESMITH_LIBTORCH'];
  if (own) {
    return existsSync(join(own, 'lib')) && existsSync(join(own, 'include'))
      ? { name, status: 'ok', found: `TUNESMITH_LIBTORCH=${own}` }
      : { name, status: 'missing', found: `TUNESMITH_LIBTORCH=${own} has no include/ and lib/`, mend: `unset TUNESMITH_LIBTORCH && ${mend}` };
  }
  const cache = join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tunesmith');
  const versions = existsSync(cache) ? readdirSync(cache).filter((entry) => entry.startsWith('libtorch-') && existsSync(join(cache, entry, 'lib'))) : [];
  if (versions.length > 0) return { name, status: 'ok', found: versions.map((version) => join(cache, version)).join(', ') };
  return native.status === 'ok' ? { name, status: 'ok', found: 'found by the native library' } : { name, status: 'missing', found: `none in ${cache}`, mend };
}

async function examineNats(root: string, mend: string): Promise<Finding> {
  const name = 'nats-server';
  const own = join(root, '.toolchain/bin/nats-server');
  const program = existsSync(own) ? own : 'nats-server';
  const { code, output } = await run(program, ['--version']);
  const version = /v(\d+)\.(\d+)\.\d+/.exec(output);
  if (code !== 0 || !version) return { name, status: 'missing', found: 'neither in .toolchain/bin nor on PATH', mend };
  const [, major, minor] = version.map(Number) as [number, number, number];
  const newEnough = major > oldestNats[0]! || (major === oldestNats[0] && minor >= oldestNats[1]!);
  return { name, status: newEnough ? 'ok' : 'missing', found: `${version[0]} (${program === own ? '.toolchain/bin' : 'PATH'})${newEnough ? '' : `; expected ${oldestNats.join('.')} or newer`}`, mend };
}

async function examineTool(name: string, programs: readonly string[], otherwise: 'missing' | 'note', mend: string): Promise<Finding> {
  for (const program of programs) {
    const { code, output } = await run(program, ['--version']);
    if (code === 0) return { name, status: 'ok', found: output.split('\n')[0]!.trim() };
  }
  return { name, status: otherwise, found: `${programs.join(', ')}: not on PATH${otherwise === 'note' ? ' (only the bootstrap needs it)' : ''}`, mend };
}

async function examinePip(otherwise: 'missing' | 'note'): Promise<Finding> {
  const name = 'pip';
  const { code, output } = await run('python3', ['-m', 'pip', '--version']);
  if (code === 0) return { name, status: 'ok', found: output.split(' from ')[0]!.trim() };
  return { name, status: otherwise, found: `python3 has no pip${otherwise === 'note' ? ' (only the bootstrap needs it)' : ''}`, mend: installCommand('python3-pip') };
}

async function examineHome(home: string): Promise<Finding> {
  const name = 'home folder';
  // What does not exist yet is made in the nearest folder above that does.
  const folder = nearestFolder(home);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return { name, status: 'ok', found: folder === home ? `${home} can be written` : `${home} can be made` };
  } catch (error) {
    return { name, status: 'missing', found: `${home} cannot be written: ${(error as Error).message}`, mend: 'export TUNESMITH_HOME=FOLDER' };
  }
}

async function examineDisk(home: string): Promise<Finding> {
  const name = 'disk space';
  const { bavail, bsize } = await statfs(nearestFolder(home));
  const free = bavail * bsize;
  const found = `${(free / 1024 ** 3).toFixed(1)} GB free for ${home}`;
  if (free >= leastDiskBytes) return { name, status: 'ok', found };
  return { name, status: 'missing', found: `${found}; expected at least ${leastDiskBytes / 1024 ** 3} GB`, mend: 'free some, or export TUNESMITH_HOME=FOLDER-ON-A-LARGER-DISK' };
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** The port of a platform that runs on this home is its own; else the one asked for must be free. */
async function examinePort(home: string, environment: NodeJS.ProcessEnv): Promise<Finding> {
  const name = 'HTTP port';
  const platform = await readFile(join(home, 'platform.json'), 'utf8').then(
    (text) => JSON.parse(text) as { pid?: number; url?: string },
    () => undefined,
  );
  if (platform?.url && platform.pid && isAlive(platform.pid)) return { name, status: 'ok', found: `${platform.url}, served by process ${platform.pid}` };
  const asked = environment['TUNESMITH_HTTP_PORT'];
  if (!asked || asked === '0') return { name, status: 'ok', found: 'any free one on 127.0.0.1' };
  const problem = await new Promise<Error | undefined>((resolve) => {
    const server = createServer();
    server.on('error', resolve);
    server.listen(Number(asked), '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
  return problem ? { name, status: 'missing', found: `${asked} is not free: ${problem.message}`, mend: 'unset TUNESMITH_HTTP_PORT' } : { name, status: 'ok', found: `${asked} is free` };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function installCommand(tool: string): string {
  if (process.platform === 'darwin') return tool === 'g++' || tool === 'make' ? 'xcode-select --install' : `brew install ${tool === 'python3-pip' ? 'python3' : tool}`;
  if (existsSync('/usr/bin/dnf')) return `sudo dnf install ${tool === 'g++' ? 'gcc-c++' : tool}`;
  return `sudo apt-get install ${tool}`;
}

function run(program: string, words: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', () => resolve({ code: null, output }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** What the launcher runs when nothing is compiled yet: the same findings, from this file as it is. */
async function main(): Promise<void> {
  const home = resolve(process.env['TUNESMITH_HOME'] || join(homedir(), '.tunesmith'));
  const findings = await examine(resolve(import.meta.dirname, '../../../..'), home, process.env);
  const missing = findings.some((finding) => finding.status === 'missing');
  console.log(process.argv.includes('--json') ? JSON.stringify({ ok: !missing, findings }, null, 2) : describeFindings(findings).join('\n'));
  process.exitCode = missing ? 1 : 0;
}

if (import.meta.main) await main();
