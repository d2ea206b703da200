// The Nx project graph as data: nodes with their tags, and which project imports which.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Computes the graph anew and returns `{ nodes, dependencies }`. */
export function projectGraph() {
  const file = join(root, '.nx', 'project-graph.json');
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/nx/dist/bin/nx.js'), 'graph', `--file=${file}`], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' },
  });
  if (status !== 0) throw new Error(`nx graph ended with ${status}: ${stdout}${stderr}`);
  return JSON.parse(readFileSync(file, 'utf8')).graph;
}
