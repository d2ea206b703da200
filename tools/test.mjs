// Runs one of the test suites and ends with one line "N passed, N failed" from the runners' own reports.
// Usage: node tools/test.mjs quick|cluster|peers [PATTERN…]
//   quick    every *.spec.ts but those below, the type check and the lint; needs nothing but the bootstrap
//   cluster  *.cluster.spec.ts: real nats-server, PostgreSQL, MinIO and the six services as processes
//   peers    *.peers.spec.ts: side by side with Python peers, in an environment of their own (TUNESMITH_PEERS, else made once per user)
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [suite, ...patterns] = process.argv.slice(2);
const suites = { quick: '(?<!\\.(cluster|peers))\\.spec\\.ts$', cluster: '\\.cluster\\.spec\\.ts$', peers: '\\.peers\\.spec\\.ts$' };
if (!(suite in suites)) {
  console.error(`expected one of ${Object.keys(suites).join(', ')}; got ${suite ?? 'nothing'}. Try: npm test`);
  process.exit(2);
}

const counts = { passed: 0, failed: 0 };

function runCheck(name, script, args) {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
  counts[status === 0 ? 'passed' : 'failed'] += 1;
  console.error(`${status === 0 ? 'passed' : 'FAILED'}: ${name} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
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

/** 7 GB of packages on the first run, before the tests for the same reason. */
async function preparePeers() {
  const { pythonPeers } = await import('./python-peers.mjs');
  try {
    pythonPeers();
  } catch (error) {
    console.error(error.message);
  }
}

function runJest() {
  const report = join(root, 'reports', `${suite}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const args = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--json', `--outputFile=${report}`, '--testRegex', suites[suite]];
  args.push(...(suite === 'quick' ? ['--maxWorkers=2'] : ['--runInBand']), ...patterns);
  // jest prints the JSON on stdout too; the report on stderr is for people.
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, OMP_WAIT_POLICY: process.env.OMP_WAIT_POLICY ?? 'PASSIVE' } });
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += numPassedTests;
    counts.failed += numFailedTests + numRuntimeErrorTestSuites;
    if (status !== 0 && numFailedTests + numFailedTestSuites === 0) counts.failed += 1;
  } catch (error) {
    console.error(`the test runner left no report (exit code ${status}): ${error.message}`);
    counts.failed += 1;
  }
}

if (suite === 'quick' && patterns.length === 0) {
  runCheck('type check', 'node_modules/typescript/bin/tsc', ['-p', '.']);
  runCheck('lint', 'tools/lint.mjs', []);
}
if (suite === 'cluster') await prepareServers();
if (suite === 'peers') await preparePeers();
runJest();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
