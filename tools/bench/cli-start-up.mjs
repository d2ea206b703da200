// How long `tunesmith --help` takes and how much memory it needs, as a person starts it.
// Usage: node tools/bench/cli-start-up.mjs [RUNS]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { printFigure, quantile, root } from './figure.mjs';

const runs = Number(process.argv[2] ?? 20);
const launcher = join(root, 'tunesmith');
const { NODE_OPTIONS: _options, ...environment } = process.env;
// The command itself tells its peak memory and processor time on descriptor 3 when it leaves; the runs that measure time do without this.
const tellUsage = `--import=data:text/javascript,${encodeURIComponent("import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));")}`;

function start(extra, stdio) {
  const before = performance.now();
  const { status, output } = spawnSync(launcher, ['--help'], { env: { ...environment, ...extra }, stdio });
  if (status !== 0) throw new Error(`expected tunesmith --help to succeed; it ended with ${status}`);
  return { milliseconds: performance.now() - before, told: output?.[3]?.toString() };
}

start({}, 'ignore');
const times = Array.from({ length: runs }, () => start({}, 'ignore').milliseconds / 1000);
const usage = Array.from({ length: 5 }, () => JSON.parse(start({ NODE_OPTIONS: tellUsage }, ['ignore', 'ignore', 'ignore', 'pipe']).told));
printFigure('tunesmith --help, median time', quantile(times, 0.5), 's', 0.25, 3);
printFigure('tunesmith --help, processor time', quantile(usage.map(({ userCPUTime, systemCPUTime }) => (userCPUTime + systemCPUTime) / 1e6), 0.5), 's', undefined, 3);
printFigure('tunesmith --help, peak memory', quantile(usage.map(({ maxRSS }) => maxRSS / 1024), 0.5), 'MB', 100, 1);
