// The main job on a real model: a dataset arrives, and a better model comes out.
// Usage: npm run demo [-- --model FILE.gguf|FOLDER|hf:ORG/NAME] [--home DIR] [--keep]
//   --model  another model than SmolLM2-135M-Instruct
//   --home   where the platform keeps its state (default: .toolchain/demo, emptied first)
//   --keep   leave the platform running
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isMetricItself, metricNames } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { CommandLine, root } from './command-line.mjs';
import { fetchModel } from './fetch-model.mjs';
import { beside, Checks, heading, indent, megabytes, percent, Phases, printTable, sideBySide } from './report.mjs';

const name = 'smollm2';
const recipeName = 'retrain-assistant';
const datasetName = 'self-cognition';
const limitMilliseconds = 6 * 60_000;
const questions = ['Who are you?', 'Which company built you?', 'Tell me your name, please.', 'What is the capital of France?'];

const checks = new Checks();
const phases = new Phases();

async function demo({ model, home, keep }) {
  const tunesmith = new CommandLine(home);
  try {
    heading('1. A platform in a fresh home folder');
    const platform = await phases.time('start the platform', () => tunesmith.json('up', '--detach'));
    indent(`${platform.url}, process ${platform.pid}, state in ${home}`);

    heading('2. A real model');
    const source = model ?? (await phases.time('fetch the model', () => fetchModel(indent)));
    const imported = await phases.time('import', () => tunesmith.json('model', 'import', source, '--name', name, '--alias', 'prod'));
    indent(`${name}:${imported.version} @${imported.aliases.join(' @')}, family ${imported.family}, ${megabytes(imported.size)} as a Hugging Face folder in bfloat16`);
    checks.expect(imported.version === 1 && imported.aliases.includes('prod'), `the model is imported and registered as ${name}:1, alias prod`);
    const before = await phases.time('ask before', () => ask(tunesmith));
    for (const question of questions) indent(`${question}\n    ${before.get(question).trim().replaceAll('\n', '\n    ')}`);

    heading('3. A recipe, and a dataset that arrives');
    indent(await tunesmith.text('recipe', 'apply', join(root, 'examples/retrain.yaml')));
    const runsBefore = (await tunesmith.quiet('run', 'list')).runs.filter((run) => run.recipe === recipeName).length;
    const dataset = await phases.time('push the dataset', () => tunesmith.json('dataset', 'push', join(root, 'examples/self-cognition.jsonl'), '--name', datasetName));
    indent(`${datasetName}:${dataset.version}, ${dataset.rows} rows`);
    const started = await startedRun(tunesmith);
    checks.expect(runsBefore === 0 && JSON.stringify(started.event).includes(dataset.artifact), 'the event dataset.registered, and nothing else, started the run');

    heading(`4. The run ${started.id}`);
    const run = await phases.time('the run', () => tunesmith.outcome('run', 'watch', started.id));
    checks.expect(run.status === 'succeeded', `the run has succeeded (${run.status})`);
    const steps = Object.fromEntries(run.steps.map((step) => [step.name, step]));

    const after = run.status === 'succeeded' ? await phases.time('ask after', () => ask(tunesmith)) : undefined;
    if (after) {
      heading('5. The same questions, before and after');
      beside('before', 'after');
      for (const question of questions) sideBySide(question, before.get(question), after.get(question));
    }
    await reportEvaluation(tunesmith, steps.evaluate, home);
    if (steps.quantize?.status === 'succeeded') reportFiles(steps.quantize);
    else checks.expect(false, 'the quantized files are written, load and answer');
    await reportPromotion(tunesmith);
    await reportTrace(tunesmith, run);
  } finally {
    if (!keep) await tunesmith.json('down').catch((error) => console.error(`  ${error.message}`));
  }
}

/** Greedy answers of what is in production now. */
async function ask(tunesmith) {
  const answers = new Map();
  for (const question of questions) {
    const { text } = await tunesmith.quiet('chat', `${name}@prod`, '--prompt', question, '--temperature', '0', '--max-new-tokens', '48');
    answers.set(question, text);
  }
  return answers;
}

/** The platform starts the run by itself; here is only looked for it. */
function startedRun(tunesmith) {
  return eventually(`the dataset to start a run of ${recipeName}`, async () => (await tunesmith.quiet('run', 'list')).runs.find((each) => each.recipe === recipeName), { within: 30_000 });
}

async function reportEvaluation(tunesmith, step, home) {
  heading('6. The evaluation, on rows that training never saw');
  const metrics = step?.metrics ?? {};
  const rows = Object.entries(metrics).filter(([key, value]) => typeof value === 'number' && isMetricItself(key));
  printTable([
    ['metric', 'before', 'after'],
    ...rows.map(([key, value]) => {
      const other = metrics[metricNames.against(key)];
      return [key, other === undefined ? '' : other.toFixed(4), value.toFixed(4)];
    }),
  ]);
  await showSamples(tunesmith, step, home);
  const [exact, increase] = [metrics['identity.exact_match'], metrics['forgetting.loss_increase']];
  checks.expect(exact >= 0.8, `held-out wordings answered with the new name: ${exact === undefined ? 'not known' : percent(exact)} (at least 80 %)`);
  checks.expect(increase <= 0.05, `general loss against the model before: ${increase === undefined ? 'not known' : `${increase >= 0 ? '+' : ''}${percent(increase)}`} (at most +5 %)`);
}

async function showSamples(tunesmith, step, home) {
  const evaluation = step?.outputs.evaluation;
  if (!evaluation) return;
  const folder = join(home, 'evaluation');
  await tunesmith.quiet('model', 'export', evaluation.digest, '--out', folder);
  const samples = readFileSync(join(folder, 'samples.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line)).filter((sample) => sample.task === 'identity');
  for (const sample of samples.slice(0, 4)) sideBySide(sample.prompt, sample.against?.prediction ?? '', sample.prediction ?? '');
}

function reportFiles(step) {
  heading('7. The files, each loaded and asked by its own runtime');
  const { base, formats, scored } = step.metrics;
  const row = (target, bytes, perplexity) => [target, megabytes(bytes), perplexity === null ? '' : perplexity.toFixed(3), perplexity === null || base.perplexity === null ? '' : `${perplexity >= base.perplexity ? '+' : ''}${percent(perplexity / base.perplexity - 1, 2)}`];
  printTable([['format', 'size', 'perplexity', 'change'], row('bfloat16', base.bytes, base.perplexity), ...formats.map((format) => row(format.target, format.bytes, format.perplexity))]);
  indent(`perplexity over ${scored.tokens} tokens of ${scored.rows} held-out rows`);
  for (const { target, answers } of formats) {
    const runtime = target.startsWith('gguf/') ? 'llama.cpp' : 'ONNX Runtime';
    indent(`\n${runtime}, ${target}`);
    printTable([['question', 'answer'], ...answers.map(({ question, answer }) => [question, answer.replaceAll('\n', ' ')])]);
    checks.expect(answers.length > 0 && answers.every(({ answer }) => answer.trim() !== ''), `${runtime} loads ${target} and answers ${answers.length} questions`);
  }
}

async function reportPromotion(tunesmith) {
  heading('8. What was in production, and when');
  indent(await tunesmith.text('model', 'history', name));
  const model = await tunesmith.quiet('model', 'show', name);
  const { history } = await tunesmith.quiet('model', 'history', name, '--alias', 'prod');
  checks.expect(model.aliases.prod === 2 && history.map((change) => change.version).join() === '1,2', `version 2 is promoted to prod, and the history says so`);
}

async function reportTrace(tunesmith, run) {
  heading('9. Where the time went');
  indent(await tunesmith.text('trace', run.id));
  const { spans } = await tunesmith.quiet('trace', run.id);
  const ids = new Set(spans.map((span) => span.spanId));
  const roots = spans.filter((span) => !ids.has(span.parentSpanId) && !span.links.some((link) => ids.has(link.spanId)));
  const services = new Set(spans.map((span) => span.service));
  const expected = ['registry', 'synthesis', 'trainer', 'merger', 'evaluator', 'quantizer'];
  const missing = expected.filter((service) => !services.has(service));
  checks.expect(
    roots.length === 1 && spans.every((span) => span.traceId === run.traceId) && missing.length === 0,
    `one connected trace over every service (${spans.length} spans, ${roots.length} root${roots.length === 1 ? '' : 's'}${missing.length > 0 ? `, none from ${missing.join(', ')}` : ''})`,
  );
}

function conclude({ home, keep }) {
  heading('Times');
  printTable([['part', 'time'], ...phases.rows]);
  indent(`limit for all together: ${limitMilliseconds / 1000} s on two cores; this took ${(phases.total / 1000).toFixed(0)} s${phases.total > limitMilliseconds ? ', which is more' : ''}`);
  heading('What to type next');
  const prefix = `TUNESMITH_HOME=${home} ./tunesmith`;
  indent([`${prefix} chat ${name}@prod`, `${prefix} model export ${name}@prod --out my-model`, `${prefix} model lineage ${name}@prod`, `${prefix} model promote ${name}:1 --alias prod    # back to the model before`, `${prefix} run list`].join('\n'));
  if (!keep) indent('(the platform has stopped; any of these starts it again)');
  heading('Checks');
  checks.print();
  console.log(`\n${checks.line}`);
}

function options() {
  try {
    const { values } = parseArgs({ options: { model: { type: 'string' }, home: { type: 'string' }, keep: { type: 'boolean', default: false } } });
    // A path of the person's own folder, not of the repository.
    const model = values.model && !values.model.startsWith('hf:') ? resolve(process.env.INIT_CWD ?? '.', values.model) : values.model;
    return { model, keep: values.keep, home: values.home === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', values.home) };
  } catch (error) {
    console.error(`${error.message}\nUsage: npm run demo [-- --model FILE.gguf|FOLDER|hf:ORG/NAME] [--home DIR] [--keep]`);
    process.exit(2);
  }
}

/** The folder of the last demo is taken away; a folder that was named must be empty. */
async function freshHome(named) {
  const home = named ?? join(root, '.toolchain', 'demo');
  if (named && existsSync(named) && readdirSync(named).length > 0) {
    console.error(`--home: expected a new or empty folder; ${named} holds something`);
    process.exit(2);
  }
  if (!named && existsSync(home)) {
    await new CommandLine(home).quiet('down');
    rmSync(home, { recursive: true });
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return home;
}

const { model, keep, home: named } = options();
const home = await freshHome(named);
// Ctrl-C reaches the command that runs now as well: it ends, and the platform is stopped on the way out.
process.on('SIGINT', () => (process.exitCode = 130));
try {
  await demo({ model, home, keep });
} catch (error) {
  checks.expect(false, `the demo came to its end: ${error.message}`);
}
conclude({ home, keep });
process.exitCode ??= checks.failed === 0 ? 0 : 1;
