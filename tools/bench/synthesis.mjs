// Finished rows per minute of a teacher, ours and transformers' generate at its best batch size, taking turns on the same prompts in one run: answers to
// instructions (greedy), and requests for instructions (drawn, top-p 0.95). End tokens end a row on both sides.
// Usage: node tools/build.mjs && node tools/bench/synthesis.mjs --model FOLDER --python PATH --dataset SEEDS.jsonl [--prompts 96] [--new-tokens N]
//        [--batches 8,16,32,64] [--runs 2] [--threads N] [--dtype bfloat16] [--peer-dtype bfloat16] [--kinds answers,instructions]
// Without --new-tokens a completion may be as long as `dataset synthesize` lets it be without settings: 256 tokens of an answer, 1,024 of instructions.
// FOLDER: a Hugging Face folder with a chat template; PATH: a Python that has torch and transformers; rows of SEEDS: {"instruction"} or {"messages"}.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';
import { Side } from './side.mjs';

const goal = 3;
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    python: { type: 'string' },
    dataset: { type: 'string' },
    prompts: { type: 'string', default: '96' },
    'new-tokens': { type: 'string' },
    batches: { type: 'string', default: '8,16,32,64' },
    runs: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
    dtype: { type: 'string', default: 'bfloat16' },
    'peer-dtype': { type: 'string' },
    kinds: { type: 'string', default: 'answers,instructions' },
    ours: { type: 'boolean' },
  },
});
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder with a chat template');

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));

async function compare() {
  for (const name of ['python', 'dataset']) if (!values[name]) throw new Error(`expected --${name}; see the head of this file`);
  const { instructionPrompt, responseSystem } = { ...(await import(join(root, 'libs/generation/dist/synthesis/instruction-prompt.js'))), ...(await import(join(root, 'libs/generation/dist/synthesis/response-prompt.js'))) };
  const instructions = readFileSync(values.dataset, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)).map((row) => row.instruction ?? row.messages.find(({ role }) => role === 'user').content).filter((text) => text.length <= 300);
  const count = Number(values.prompts);
  const seeds = (place) => [0, 1, 2].map((step) => instructions[(place * 3 + step * 7) % instructions.length]);
  const kinds = {
    answers: { prompts: Array.from({ length: count }, (_, place) => ({ system: responseSystem, user: instructions[place % instructions.length], seed: place })), sampling: { temperature: 0, topP: 1 }, new: 256 },
    instructions: { prompts: Array.from({ length: count }, (_, place) => ({ user: instructionPrompt({ examples: seeds(place), topics: [], items: 5 }), seed: place })), sampling: { temperature: 1, topP: 0.95 }, new: 1024 },
  };
  const ours = new Side(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--ours', '--model', values.model, '--threads', values.threads, '--dtype', values.dtype], values.threads);
  const theirs = new Side(values.python, [join(root, 'tools/bench/synthesis-peer.py'), values.model, values['peer-dtype'] ?? values.dtype, values.threads], values.threads);
  await Promise.all([ours.answer(), theirs.answer()]);
  for (const name of values.kinds.split(',')) {
    const request = { ...kinds[name], ...(values['new-tokens'] && { new: Number(values['new-tokens']) }) };
    const few = { ...request, prompts: request.prompts.slice(0, 4), new: 4 };
    for (const side of [ours, theirs]) await side.ask({ ...few, batch: 4 }); // what is made on first use does not count
    // The peer's best batch size, by one pass over all prompts each; that pass is its first run.
    const tries = [];
    for (const batch of values.batches.split(',').map(Number)) tries.push({ batch, ...(await theirs.ask({ ...request, batch })) });
    const first = tries.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    const best = first.batch;
    const rounds = [{ ours: await ours.ask(request), theirs: first }];
    while (rounds.length < Number(values.runs)) rounds.push({ ours: await ours.ask(request), theirs: await theirs.ask({ ...request, batch: best }) });
    const perMinute = (side, time) => (60 * count) / quantile(rounds.map((round) => round[side][time]), 0.5);
    const tokens = (side) => rounds[0][side].tokens / count;
    for (const [time, how] of [['seconds', 'by the clock'], ['processor', 'by processor time']]) {
      const ratio = perMinute('ours', time) / perMinute('theirs', time);
      const missed = time === 'seconds' && ratio < goal;
      console.log(`${name}, ${how}: ours ${perMinute('ours', time).toFixed(1)} rows/minute (${tokens('ours').toFixed(0)} tokens each), transformers at batch ${best} ${perMinute('theirs', time).toFixed(1)} (${tokens('theirs').toFixed(0)} tokens each): ${ratio.toFixed(2)} times${time === 'seconds' ? ` (goal ${goal}${missed ? ', MISSED' : ''})` : ''}`);
      if (missed) process.exitCode = 1;
    }
  }
  ours.end();
  theirs.end();
}

async function answerLines() {
  const [{ openTeacher }, { setThreads }] = await Promise.all(['generation', 'tensor'].map(room));
  setThreads(Number(values.threads));
  const { signal } = new AbortController();
  await using teacher = await openTeacher({ kind: 'model', folder: values.model, name: 'bench', dtype: values.dtype }, { signal, spent: 0 });
  console.log(JSON.stringify({ ready: true }));
  for await (const line of createInterface(process.stdin)) {
    const { prompts, sampling, new: maxNewTokens } = JSON.parse(line);
    const started = performance.now();
    const before = process.cpuUsage();
    const completions = await teacher.complete(prompts, { ...sampling, maxNewTokens }, { signal, onProgress: () => undefined });
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6, tokens: completions.reduce((sum, { newTokens }) => sum + newTokens, 0) }));
  }
}

if (values.ours) await answerLines();
else await compare();
