// What a standalone platform with nothing to do holds in memory: its process and the broker's, no workers.
// Usage: node tools/bench/idle-memory.mjs [SECONDS]     (Linux: reads /proc)
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { printFigure } from './figure.mjs';
import { withFreshPlatform } from './fresh-platform.mjs';

const seconds = Number(process.argv[2] ?? 15);
/** Every process with its parent, from /proc. */
function processes() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const field = (key) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)?.[1];
      return [{ pid: Number(name), parent: Number(field('PPid')), name: field('Name'), resident: Number(field('VmRSS') ?? 0) * 1024 }];
    } catch {
      return [];
    }
  });
}

await withFreshPlatform(async (platform) => {
  await sleep(seconds * 1000);
  const all = processes();
  const tree = [];
  for (let pids = [platform.pid]; pids.length > 0; ) {
    tree.push(...all.filter(({ pid }) => pids.includes(pid)));
    pids = all.filter(({ parent }) => pids.includes(parent)).map(({ pid }) => pid);
  }
  if (tree.length === 0) throw new Error(`expected the platform as process ${platform.pid}; it is gone`);
  for (const { name, pid, resident } of tree) printFigure(`  ${pid === platform.pid ? 'the six services' : name}`, resident / 1e6, 'MB', undefined, 1);
  printFigure('standalone platform idle, resident memory', tree.reduce((sum, { resident }) => sum + resident, 0) / 1e6, 'MB', 350, 1);
});
