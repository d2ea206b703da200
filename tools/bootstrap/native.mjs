// The native compute library: finds or fetches libtorch, and builds native/build/compute.node when something that it depends on has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch, cpus, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { BootstrapError, runCommand } from './report.mjs';

const version = '2.15.0';
// libtorch_cpu of the published wheel links the CUDA runtime and its profiler, and nothing else of CUDA.
const wheels = [`torch==${version}`, 'nvidia-cuda-runtime==13.5.37', 'nvidia-cuda-cupti==13.5.25'];
const wheelMegabytes = 560;

/**
 * The folder with include/ and lib/ of libtorch: TUNESMITH_LIBTORCH when it is set, else the user's cache, which is filled on the first call. Safe
 * when two bootstraps run at once: each fills a folder of its own, and the first to finish gives its one the name.
 */
export async function findLibtorch({ log }) {
  const given = process.env.TUNESMITH_LIBTORCH;
  if (given) {
    const folder = resolve(given);
    const missing = missingParts(folder);
    if (missing.length > 0) {
      throw new BootstrapError(
        `TUNESMITH_LIBTORCH is ${folder}: expected a folder with include/ and lib/ of libtorch ${version}, but ${missing.join(', ')} is not there. Point it at one, or unset it to have libtorch fetched.`,
      );
    }
    return folder;
  }
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith');
  const folder = join(cache, `libtorch-${version}`);
  if (missingParts(folder).length === 0) return folder;
  fetchLibtorch(cache, folder, log);
  return folder;
}

function missingParts(folder) {
  return ['include/ATen/ATen.h', 'lib/libtorch_cpu.so', 'lib/libc10.so'].filter((part) => !existsSync(join(folder, part)));
}

function fetchLibtorch(cache, folder, log) {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch()];
  if (process.platform !== 'linux' || !machine) {
    throw new BootstrapError(
      `libtorch is fetched for Linux on x86_64 and aarch64 only; this is ${process.platform} on ${arch()}, where the native library has not been built or tested. Use a Linux machine or container.`,
    );
  }
  mkdirSync(cache, { recursive: true });
  removeLeftovers(cache);
  const scratch = mkdtempSync(`${folder}.part-`);
  try {
    log(`fetching libtorch ${version} (about ${wheelMegabytes} MB, once per user)`);
    const platforms = ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_25', 'manylinux_2_17', 'manylinux2014'].flatMap((tag) => ['--platform', `${tag}_${machine}`]);
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--implementation', 'cp', '--python-version', '312', ...platforms];
    runCommand('python3', ['-m', 'pip', 'download', ...options, '--dest', join(scratch, 'wheels'), ...wheels], {
      hint: 'Python 3 with pip is needed to fetch libtorch (Debian and Ubuntu: apt-get install python3-pip); or set TUNESMITH_LIBTORCH to a folder that has it.',
    });
    log('unpacking the CPU part');
    runCommand('python3', ['-c', unpackScript, join(scratch, 'wheels'), join(scratch, 'libtorch')]);
    const missing = missingParts(join(scratch, 'libtorch'));
    if (missing.length > 0) throw new BootstrapError(`the wheel of torch ${version} has no ${missing.join(', ')}. Set TUNESMITH_LIBTORCH to a folder that has libtorch ${version}.`);
    try {
      renameSync(join(scratch, 'libtorch'), folder);
    } catch (error) {
      if (missingParts(folder).length === 0) return; // another bootstrap was first
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      rmSync(folder, { recursive: true, force: true }); // half a folder, from something other than us
      renameSync(join(scratch, 'libtorch'), folder);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Folders of bootstraps that were killed; a day old, so that no running one loses its own. */
function removeLeftovers(cache) {
  for (const name of readdirSync(cache)) {
    if (!/^libtorch-.*\.part-/.test(name)) continue;
    const path = join(cache, name);
    if (Date.now() - statSync(path).mtimeMs > 24 * 3600 * 1000) rmSync(path, { recursive: true, force: true });
  }
}

// Takes from the wheels only what the CPU needs: 0.5 of 1.7 GB.
const unpackScript = `
import os, re, shutil, sys, zipfile
wheels, target = sys.argv[1:]
wanted = [
    (re.compile(r"torch/(include/.+)"), None),
    (re.compile(r"torch/lib/((?:libtorch_cpu|libc10)\\.so|lib(?:gomp|gfortran|openblas|arm_compute)[^/]*\\.so[^/]*)"), "lib"),
    (re.compile(r"(?:nvidia/.+/)(lib(?:cudart|cupti)\\.so\\.\\d+)"), "lib"),
]
for wheel in os.listdir(wheels):
    with zipfile.ZipFile(os.path.join(wheels, wheel)) as archive:
        for entry in archive.infolist():
            for pattern, folder in wanted:
                found = pattern.fullmatch(entry.filename)
                if not found or entry.is_dir():
                    continue
                path = os.path.join(target, folder or "", found.group(1))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with archive.open(entry) as source, open(path, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    os.remove(os.path.join(wheels, wheel))
`;

/** Builds native/build/compute.node for this machine, or does nothing when nothing has changed. Returns its path. */
export async function buildNative({ root, libtorch, nodeInclude, log }) {
  const native = join(root, 'native');
  const build = join(native, 'build');
  const addon = join(build, 'compute.node');
  const stamp = join(build, 'compute.stamp');
  const addonApi = join(root, 'node_modules', 'node-addon-api');
  if (!existsSync(join(addonApi, 'napi.h'))) throw new BootstrapError(`expected the package node-addon-api in ${addonApi}; run npm run bootstrap, which installs packages first.`);
  if (!existsSync(join(nodeInclude, 'node_api.h'))) throw new BootstrapError(`expected Node's headers in ${nodeInclude}, but node_api.h is not there. Install Node 24 with its headers.`);

  const fingerprint = fingerprintOf({ native, libtorch, nodeInclude, addonApi });
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return addon;

  requireTool('cmake', 'cmake', 'Debian and Ubuntu: apt-get install cmake; Fedora: dnf install cmake; anywhere: python3 -m pip install cmake');
  requireTool(process.env.CXX ?? 'c++', 'a C++20 compiler (g++ 11 or clang 14 and newer)', 'Debian and Ubuntu: apt-get install g++ make; Fedora: dnf install gcc-c++ make');
  log('building the native compute library (a few minutes)');
  forgetForeignBuild(build, native);
  const definitions = { CMAKE_BUILD_TYPE: 'Release', TUNESMITH_LIBTORCH: libtorch, TUNESMITH_NODE_INCLUDE: nodeInclude, TUNESMITH_NODE_ADDON_API: addonApi };
  runCommand('cmake', ['-S', native, '-B', build, ...Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`)]);
  runCommand('cmake', ['--build', build, '-j2']);
  const linked = join(build, 'linked', 'compute.node');
  if (!existsSync(linked)) throw new BootstrapError(`expected ${linked} after the build; it is not there. Remove ${build} and run again.`);
  // At one stroke: whoever loads the addon meanwhile gets the old one or the new one.
  rmSync(stamp, { force: true });
  copyFileSync(linked, `${addon}.part`);
  renameSync(`${addon}.part`, addon);
  writeFileSync(stamp, fingerprint);
  return addon;
}

/** Everything that the addon is made from; the machine too, because the kernels are compiled for it. */
function fingerprintOf({ native, libtorch, nodeInclude, addonApi }) {
  const hash = createHash('sha256');
  const add = (path) => hash.update(path).update('\0').update(readFileSync(path)).update('\0');
  add(join(native, 'CMakeLists.txt'));
  for (const name of readdirSync(join(native, 'src'), { recursive: true }).sort()) if (/\.(cc|h)$/.test(name)) add(join(native, 'src', name));
  add(join(nodeInclude, 'node_version.h'));
  add(join(addonApi, 'package.json'));
  const library = statSync(join(libtorch, 'lib', 'libtorch_cpu.so'));
  const compiler = spawnSync(process.env.CXX ?? 'c++', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  hash.update(JSON.stringify([libtorch, library.size, cpus()[0]?.model, arch(), compiler.split('\n')[0]]));
  return hash.digest('hex');
}

function requireTool(command, what, how) {
  if (spawnSync(command, ['--version']).status === 0) return;
  throw new BootstrapError(`expected ${what} to build the native library; "${command}" was not found. ${how}`);
}

/** CMake refuses a build folder that was made for another source folder (a moved checkout). */
function forgetForeignBuild(build, native) {
  const cacheFile = join(build, 'CMakeCache.txt');
  if (!existsSync(cacheFile)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cacheFile, 'utf8'))?.[1];
  if (home !== native) rmSync(build, { recursive: true, force: true });
}
