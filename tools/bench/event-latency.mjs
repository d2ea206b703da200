// How long it takes from the moment that a request is written until the worker process has begun on it, through outbox,
// broker, claim and IPC: 200 jobs, one after the other, on a standalone platform, workers warm.
// Usage: node tools/bench/event-latency.mjs [EVENTS]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printFigure, quantile } from './figure.mjs';
import { withFreshPlatform } from './fresh-platform.mjs';

const events = Number(process.argv[2] ?? 200);
const warmUps = 5;
const folder = mkdtempSync(join(tmpdir(), 'tunesmith-rows-'));
/** A dataset that was never seen before: the same one again would be taken from the cache. */
function newDataset(index) {
  const path = join(folder, `${index}.jsonl`);
  writeFileSync(path, `${JSON.stringify({ messages: [{ role: 'user', content: `How much is ${index}?` }, { role: 'assistant', content: `${index}.` }] })}\n`);
  return path;
}

/** Runs the jobs and returns their runs, without those that only warm the worker up. */
async function runJobs(platform) {
  const runs = [];
  for (let index = 0; index < events + warmUps; index += 1) {
    let run = await platform.call('POST', '/v1/runs', { name: 'latency', steps: { import: { uses: 'import-dataset', with: { path: newDataset(index) } } } });
    while (run.status === 'running') {
      await sleep(20);
      run = await platform.call('GET', `/v1/runs/${run.id}`);
    }
    if (run.status !== 'succeeded') throw new Error(`run ${run.id} ${run.status}: ${run.steps[0].error?.message}`);
    if (index >= warmUps) runs.push(run);
  }
  return runs;
}

/** Milliseconds from the start of the step (the request is written in that transaction) to the first span of the worker process. */
async function latencyOf(platform, run) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const spans = await platform.call('GET', `/v1/traces/${run.id}`);
    const step = spans.find((span) => span.name === 'step import');
    const worker = spans.find((span) => 'process.pid' in span.attributes);
    if (step && worker) return worker.startTime - step.startTime;
    await sleep(100);
  }
  throw new Error(`expected the trace of run ${run.id} to have its step and its worker; it has not after 5 s`);
}

await withFreshPlatform(async (platform) => {
  const latencies = [];
  for (const run of await runJobs(platform)) latencies.push(await latencyOf(platform, run));
  printFigure(`event to worker started, p50 of ${events}`, quantile(latencies, 0.5), 'ms', 50, 1);
  printFigure(`event to worker started, p99 of ${events}`, quantile(latencies, 0.99), 'ms', undefined, 1);
}).finally(() => rmSync(folder, { recursive: true }));
