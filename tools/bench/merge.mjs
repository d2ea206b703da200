// Seconds and peak anonymous memory of merges, ours and mergekit's, taking turns on the same models in one run, start-up included; beside them `cp` of one of
// those models. Before each, what is written has reached the disk and the models lie in memory: nobody pays for another's writing or for the first reading. Ours is what
// the platform does: it reads the configuration, and a worker that starts for it merges. The files of both are compared element by element.
// Usage: node tools/build.mjs && node tools/bench/merge.mjs --python PATH [--folder DIR] [--methods linear,ties,…] [--runs 1] [--layers 24] [--vocabulary 151936]
// PATH: a Python that has mergekit 0.1.5. The models (three and a base, random, bfloat16, of the shapes of Qwen2.5-0.5B) are made in DIR, 4 GB, and kept there.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const options = {
  python: { type: 'string' },
  folder: { type: 'string' },
  methods: { type: 'string', default: 'linear,ties,dare_ties,della,sce,breadcrumbs,multislerp,model_stock' },
  runs: { type: 'string', default: '1' },
  layers: { type: 'string', default: '24' },
  vocabulary: { type: 'string', default: '151936' },
  only: { type: 'string' },
  merge: { type: 'string' },
  out: { type: 'string' },
};
const { values } = parseArgs({ options });
/** How many times faster than the peer each method has to be. */
const goals = { linear: 3, ties: 15, dare_ties: 15, della: 15, sce: 6 };
const withDelta = { weight: 0.4, density: 0.5 };
const settings = {
  linear: { own: { weight: 0.3 }, base: false },
  ties: { own: withDelta, base: true, shared: { normalize: true } },
  dare_ties: { own: withDelta, base: true },
  della: { own: { ...withDelta, epsilon: 0.1 }, base: true },
  sce: { own: {}, base: true, shared: { select_topk: 0.1 } },
  breadcrumbs: { own: { weight: 0.4, density: 0.9, gamma: 0.01 }, base: true },
  multislerp: { own: { weight: 0.3 }, base: false },
  model_stock: { own: {}, base: true },
  task_arithmetic: { own: { weight: 0.4 }, base: true },
  slerp: { own: {}, base: true, shared: { t: 0.4 }, models: 1 },
};
/** Their results depend on random numbers, which are not the peer's. */
const random = ['dare_ties', 'dare_linear', 'della', 'della_linear'];

async function makeModels(folder) {
  const [{ writeModelFolder }, { randn, ops, scope, noGrad, manualSeed }] = await Promise.all([room('checkpoints'), room('tensor')]);
  const [hidden, inner, layers, vocabulary, keyValues] = [896, 4864, Number(values.layers), Number(values.vocabulary), 128];
  const config = {
    architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', vocab_size: vocabulary, hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, num_attention_heads: 14, num_key_value_heads: 2,
    hidden_act: 'silu', max_position_embeddings: 32768, rms_norm_eps: 1e-6, rope_theta: 1e6, tie_word_embeddings: true, torch_dtype: 'bfloat16', use_sliding_window: false,
  };
  const shapes = [['model.embed_tokens.weight', [vocabulary, hidden]], ['model.norm.weight', [hidden]]];
  for (let layer = 0; layer < layers; layer += 1) {
    const path = `model.layers.${layer}`;
    shapes.push(...['input_layernorm', 'post_attention_layernorm'].map((name) => [`${path}.${name}.weight`, [hidden]]), [`${path}.mlp.gate_proj.weight`, [inner, hidden]], [`${path}.mlp.up_proj.weight`, [inner, hidden]], [`${path}.mlp.down_proj.weight`, [hidden, inner]]);
    for (const [name, size] of [['q_proj', hidden], ['k_proj', keyValues], ['v_proj', keyValues]]) shapes.push([`${path}.self_attn.${name}.weight`, [size, hidden]], [`${path}.self_attn.${name}.bias`, [size]]);
    shapes.push([`${path}.self_attn.o_proj.weight`, [hidden, hidden]]);
  }
  const names = ['base', 'one', 'two', 'three'];
  for (const [index, name] of names.entries()) {
    if (existsSync(join(folder, name, 'config.json'))) continue;
    console.error(`making ${name}`);
    const tensors = shapes.map(([weight, shape], place) => ({
      name: weight, dtype: 'BF16', shape,
      bytes: () => noGrad(() => scope(() => {
        manualSeed(place + 1);
        const base = ops.mulScalar(randn(shape), 0.02);
        manualSeed(1e6 * index + place + 1);
        return ops.toDtype(index === 0 ? base : ops.add(base, ops.mulScalar(randn(shape), 0.002)), 'bfloat16').toBytes();
      })),
    }));
    await writeModelFolder(join(folder, name), { config, tensors });
  }
  return names.map((name) => join(folder, name));
}

function configurationOf(method, [base, ...models]) {
  const { own, shared = {}, base: hasBase, models: count = models.length } = settings[method];
  return JSON.stringify({ merge_method: method, dtype: 'bfloat16', ...(hasBase ? { base_model: base } : {}), models: models.slice(0, count).map((model) => ({ model, parameters: own })), parameters: shared });
}

function settle(models) {
  spawnSync('sync');
  const piece = Buffer.alloc(2 ** 20);
  for (const model of models) {
    const file = openSync(join(model, 'model.safetensors'));
    while (readSync(file, piece) > 0);
    closeSync(file);
  }
}

/** Runs a command to its end; its seconds by the clock and of processors, and the most anonymous memory that it had. */
function measure(command, args, environment = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } });
    let errors = '';
    child.stderr.on('data', (text) => (errors += text));
    let peak = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      try {
        peak = Math.max(peak, Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0));
        // utime and stime, the 14th and 15th field, behind a name that may hold anything
        const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').slice(11, 13);
        ticks = Number(user) + Number(system);
      } catch { /* it has ended */ }
    }, 10);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ seconds: (performance.now() - started) / 1000, processor: ticks / 100, peakBytes: peak * 1024 });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${errors.slice(-2000)}`));
    });
  });
}

async function compareFiles(ours, theirs) {
  const [{ openSafetensors }, { empty, ops, scope, noGrad }] = await Promise.all([room('checkpoints'), room('tensor')]);
  await using one = await openSafetensors(ours);
  await using other = await openSafetensors(theirs);
  let [equal, near, total] = [0, 0, 0];
  for (const name of other.names()) {
    const { shape } = other.info(name);
    const read = (source) => {
      const bits = empty(shape, { dtype: 'int16' });
      const { descriptor, begin } = source.locate(name);
      bits.readFile(descriptor, begin);
      return bits;
    };
    const [same, close] = noGrad(() => scope(() => {
      const [a, b] = [read(one), read(other)].map((bits) => {
        // bfloat16 as integers in the order of their values: neighbours differ by one.
        const wide = ops.toDtype(bits, 'int32');
        return ops.where(ops.ltScalar(wide, 0), ops.addScalar(ops.neg(ops.bitwiseAndScalar(wide, 0x7fff)), 0), wide);
      });
      const away = ops.abs(ops.sub(a, b));
      return [ops.sumAll(ops.eqScalar(away, 0)).item(), ops.sumAll(ops.leScalar(away, 1)).item()];
    }));
    equal += same;
    near += close;
    total += shape.reduce((product, size) => product * size, 1);
  }
  return { equal: equal / total, near: near / total };
}

async function compare() {
  if (!values.python) throw new Error('expected --python PATH, a Python that has mergekit 0.1.5');
  const { readMergeConfiguration } = await room('contracts');
  const folder = values.folder ?? join(tmpdir(), 'tunesmith-bench-merge');
  mkdirSync(folder, { recursive: true });
  const models = await makeModels(folder);
  const bytes = statSync(join(models[0], 'model.safetensors')).size;
  const mergekit = join(dirname(values.python), 'mergekit-yaml');
  const scratch = mkdtempSync(join(folder, 'out-'));
  const gigabytes = (count) => `${(count / 1e9).toFixed(2)} GB`;
  try {
    for (const method of values.methods.split(',')) {
      const path = join(scratch, `${method}.yaml`);
      writeFileSync(path, configurationOf(method, models));
      const rounds = { ours: [], theirs: [], cp: [] };
      for (let run = 0; run < Number(values.runs); run += 1) {
        const sides = {
          ours: () => measure(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--merge', JSON.stringify(readMergeConfiguration(JSON.parse(readFileSync(path, 'utf8')))), '--out', join(scratch, 'ours')], { OMP_NUM_THREADS: String(availableParallelism()) }),
          cp: () => measure('cp', [join(models[1], 'model.safetensors'), join(scratch, 'copy')]),
          theirs: () => measure(mergekit, [path, join(scratch, 'theirs'), '--no-copy-tokenizer', '--random-seed', '1'], { HF_HUB_OFFLINE: '1' }),
        };
        for (const [side, go] of Object.entries(sides)) {
          if (values.only && values.only !== side) continue;
          for (const name of [side, ...(side === 'cp' ? ['copy'] : [])]) rmSync(join(scratch, name), { recursive: true, force: true });
          settle(models);
          rounds[side].push(await go());
        }
      }
      const median = (side, key) => quantile(rounds[side].map((round) => round[key]), 0.5);
      const read = bytes * (JSON.parse(readFileSync(path, 'utf8')).models.length + (settings[method].base ? 1 : 0));
      const of = (side) => `${median(side, 'seconds').toFixed(2)} s (${median(side, 'processor').toFixed(1)} s of processors), ${gigabytes(median(side, 'peakBytes'))} anonymous at most`;
      if (values.only) {
        console.log(`${method}: ${of(values.only)}`);
        continue;
      }
      const ratio = median('theirs', 'seconds') / median('ours', 'seconds');
      const [speed, speedOfCp] = [(read + bytes) / median('ours', 'seconds'), (2 * bytes) / median('cp', 'seconds')];
      const missed = goals[method] !== undefined && ratio < goals[method];
      if (missed) process.exitCode = 1;
      console.log(`${method}: ours ${of('ours')}; mergekit ${of('theirs')}: ${ratio.toFixed(1)} times${goals[method] ? ` (goal ${goals[method]}${missed ? ', MISSED' : ''})` : ''}`);
      console.log(`  bytes read and written: ours ${gigabytes(speed)}/s, cp ${gigabytes(speedOfCp)}/s: ${((100 * speed) / speedOfCp).toFixed(0)} %${method === 'linear' ? ' (goal 70 %)' : ''}`);
      if (random.includes(method)) continue;
      const { equal, near } = await compareFiles(join(scratch, 'ours'), join(scratch, 'theirs'));
      console.log(`  elements: ${(100 * equal).toFixed(4)} % equal, ${(100 * near).toFixed(4)} % within one unit in the last place`);
    }
    console.log(`load ${loadavg().map((each) => each.toFixed(1)).join(' ')}, ${availableParallelism()} cores`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function mergeOnce() {
  enableCompileCache(); // as worker processes do
  const { mergeModels } = await room('merging');
  await mergeModels({ ...JSON.parse(values.merge), seed: 1 }, values.out, { signal: new AbortController().signal, onProgress: () => undefined });
}

if (values.merge) await mergeOnce();
else await compare();
