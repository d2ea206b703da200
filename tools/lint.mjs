// Lints every project. The project graph is made first: the boundary rule is skipped without it.
// The Nx daemon is left out: it would outlive the command.
// Usage: node tools/lint.mjs [PATH…]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectGraph } from './project-graph.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const paths = process.argv.slice(2);
projectGraph();
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/eslint/bin/eslint.js'), '--max-warnings=0', ...(paths.length ? paths : ['libs', 'services', 'native/ts', 'tests'])], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
});
process.exitCode = status ?? 1;
