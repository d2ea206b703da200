// Seconds from a Hugging Face folder to a GGUF file: ours in one step beside llama.cpp's two (convert_hf_to_gguf.py to bfloat16, then its quantizer), taking
// turns in one run, each in fresh processes; the anonymous memory of ours; and whether both files have the same tensors.
// Usage: node tools/build.mjs && node tools/bench/quantize-gguf.mjs --model FOLDER --llama-cpp SOURCES --python PATH [--quantizer-python PATH] [--type q4_k_m] [--runs 3] [--threads N]
// SOURCES: a checkout of llama.cpp (the sources of llama-cpp-python have one in vendor/); PATH: a Python that has torch, transformers and gguf, and one with llama-cpp-python.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printFigure, quantile, root } from './figure.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    'llama-cpp': { type: 'string' },
    python: { type: 'string' },
    'quantizer-python': { type: 'string' },
    type: { type: 'string', default: 'q4_k_m' },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    // In the process that is measured: where to write.
    ours: { type: 'string' },
  },
});
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');
const mebibyte = 2 ** 20;

async function compare() {
  if (!values['llama-cpp'] || !values.python) throw new Error('expected --llama-cpp SOURCES and --python PATH');
  const { ggufFileType } = await room('quantization');
  const folder = mkdtempSync(join(tmpdir(), 'tunesmith-bench-quantize-'));
  try {
    const [ours, converted, theirs, jobs] = ['ours.gguf', 'bf16.gguf', 'theirs.gguf', 'jobs.json'].map((name) => join(folder, name));
    writeFileSync(jobs, JSON.stringify([{ source: converted, target: theirs, fileType: ggufFileType(values.type).number, threads: Number(values.threads) }]));
    const rounds = [];
    for (let run = 0; run < Number(values.runs); run += 1) {
      const own = await timed(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--model', values.model, '--type', values.type, '--threads', values.threads, '--ours', ours]);
      const convert = await timed(values.python, [join(values['llama-cpp'], 'convert_hf_to_gguf.py'), values.model, '--outtype', 'bf16', '--outfile', converted]);
      const quantize = await timed(values['quantizer-python'] ?? values.python, [join(root, 'tests/parity/quantize-with-llama-cpp.py'), jobs]);
      rounds.push({ own, convert, quantize });
      console.log(`run ${run + 1}: ours ${own.seconds.toFixed(1)} s (${(own.anonymous / mebibyte).toFixed(0)} MiB anonymous); llama.cpp ${convert.seconds.toFixed(1)} s to convert, ${quantize.seconds.toFixed(1)} s to quantize`);
    }
    const median = (of) => quantile(rounds.map(of), 0.5);
    console.log(`${values.type} of ${values.model}, ${values.threads} threads, load ${loadavg()[0].toFixed(1)}`);
    printFigure("ours by llama.cpp's two steps", median(({ own }) => own.seconds) / median(({ convert, quantize }) => convert.seconds + quantize.seconds), 'times', 0.6);
    console.log(`ours by its quantizer alone: ${(median(({ own }) => own.seconds) / median(({ quantize }) => quantize.seconds)).toFixed(2)} times`);
    printFigure('anonymous memory of ours, peak', Math.max(...rounds.map(({ own }) => own.anonymous)) / mebibyte, 'MiB', 1000, 0);
    await sameTensors(ours, theirs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program to its end; `anonymous`: the most memory of its own that was seen, in bytes. */
async function timed(command, args) {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, OMP_NUM_THREADS: values.threads, HF_HUB_OFFLINE: '1' } });
  let complaints = '';
  child.stderr.on('data', (text) => (complaints = (complaints + text).slice(-2000)));
  let anonymous = 0;
  const watch = setInterval(() => {
    try {
      anonymous = Math.max(anonymous, 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${complaints}`);
  return { seconds: (performance.now() - started) / 1000, anonymous };
}

async function sameTensors(ours, theirs) {
  const { openGguf } = await room('checkpoints');
  await using a = await openGguf(ours);
  await using b = await openGguf(theirs);
  const names = [...b.names()];
  let same = 0;
  for (const name of names) if (a.has(name) && a.info(name).dtype === b.info(name).dtype && Buffer.compare(await a.read(name), await b.read(name)) === 0) same += 1;
  console.log(`the same type and bytes in ${same} of ${names.length} tensors`);
  if (same < names.length) process.exitCode = 1;
}

async function writeOurs(path) {
  const [{ exportGguf, ggufFileType, openSourceModel }, { setThreads }] = await Promise.all(['quantization', 'tensor'].map(room));
  setThreads(Number(values.threads));
  await using model = await openSourceModel(values.model);
  await exportGguf(model, ggufFileType(values.type), path, { signal: new AbortController().signal, onProgress: () => undefined });
}

if (values.ours) await writeOurs(values.ours);
else await compare();
