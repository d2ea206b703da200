// Runs one of the test suites and ends with one line "N passed, N failed" from the runners' own reports.
// Usage: node tools/test.mjs quick|cluster|peers [--again] [PATTERN…]
//   quick    every *.spec.ts but those below, the type check and the lint; needs nothing but the bootstrap
//   cluster  *.cluster.spec.ts: real nats-server, PostgreSQL, MinIO and the six services as processes
//   peers    *.peers.spec.ts: side by side with Python peers and with clients of ONNX folders, in environments of their own (TUNESMITH_PEERS,
//            TUNESMITH_ONNX_CLIENTS, else made once per user)
//   --again  runs each spec file in which something failed once more, alone; what passes then is named as unsteady and counts as passed
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runSteadily } from './run-steadily.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [suite, ...words] = process.argv.slice(2);
const again = words.includes('--again');
const patterns = words.filter((word) => word !== '--again');
const suites = ['quick', 'cluster', 'peers'];
if (!suites.includes(suite)) {
  console.error(`expected one of ${suites.join(', ')}; got ${suite ?? 'nothing'}. Try: npm test`);
  process.exit(2);
}

const counts = { passed: 0, failed: 0 };

async function runCheck(name, script, args) {
  const started = Date.now();
  const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [status, ...outputs] = await Promise.all([new Promise((resolve) => child.once('close', resolve)), text(child.stdout), text(child.stderr)]);
  counts[status === 0 ? 'passed' : 'failed'] += 1;
  console.error(`${outputs.join('')}${status === 0 ? 'passed' : 'FAILED'}: ${name} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

/** MinIO is built from its module on the first run, which takes minutes: before the tests, so that none of them times out. */
async function prepareServers() {
  const { buildMinio, findMinio } = await import('@tunesmith/tests-support');
  try {
    if (findMinio()) return;
    console.error('building MinIO with the Go toolchain (minutes, once per user)');
    buildMinio();
  } catch (error) {
    // The tests that need it fail, each with its name.
    console.error(error.message);
  }
}

/** 8 GB of packages on the first run, before the tests for the same reason. */
async function preparePeers() {
  const { pythonPeers } = await import('./python-peers.mjs');
  const { onnxClients } = await import('./onnx-clients.mjs');
  for (const prepare of [pythonPeers, onnxClients]) {
    try {
      prepare();
    } catch (error) {
      console.error(error.message);
    }
  }
}

/** Runs the suite, or one spec file of it alone, and returns what `suite-report.mjs` wrote. */
function runVitest(file) {
  const report = join(root, 'reports', file ? `${suite}-again.json` : `${suite}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', `--reporter=${join(root, 'tools/suite-report.mjs')}`, `--maxWorkers=${suite === 'quick' && !file ? 2 : 1}`, ...(file ? [file] : patterns)];
  const env = { ...process.env, TUNESMITH_TEST_SUITE: suite, TUNESMITH_TEST_REPORT: report, OMP_WAIT_POLICY: process.env.OMP_WAIT_POLICY ?? 'PASSIVE' };
  // What people read goes to stderr; stdout holds the counts alone.
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 'inherit'], env });
  try {
    const { testResults, strayErrors } = JSON.parse(readFileSync(report, 'utf8'));
    // A runner that is content with every file and ends with an error all the same has failed in something else.
    return { testResults, broken: strayErrors > 0 || (status !== 0 && testResults.every((result) => result.status === 'passed')) };
  } catch (error) {
    console.error(`the test runner left no report (exit code ${status}): ${error.message}`);
    return { testResults: [], broken: true };
  }
}

function runSpecs() {
  let broken = false;
  const { passed, failed, unsteady } = runSteadily((file) => {
    if (file && !again) return { testResults: [] };
    const report = runVitest(file);
    if (!file) broken = report.broken;
    return report;
  });
  counts.passed += passed;
  counts.failed += failed + (broken ? 1 : 0);
  for (const { file, test } of unsteady) console.error(`unsteady: ${relative(root, file)} (${test})`);
}

if (suite === 'quick' && patterns.length === 0) {
  // Each takes one core.
  await Promise.all([runCheck('type check', 'node_modules/typescript/bin/tsc', ['-p', '.']), runCheck('lint', 'tools/lint.mjs', [])]);
}
if (suite === 'cluster') await prepareServers();
if (suite === 'peers') await preparePeers();
runSpecs();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
