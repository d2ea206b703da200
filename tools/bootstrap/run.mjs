// Brings everything the project needs and skips what is done. No dependency; runs under any Node from 20 on.
// Usage: node tools/bootstrap/run.mjs [--then COMMAND ARGUMENT…]
//   --then runs a command afterwards with the project's own Node first on PATH, and exits with its code.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bringNatsServer } from './nats-server.mjs';
import { bringNode } from './node.mjs';
import { buildNative, findLibtorch } from './native.mjs';
import { installPackages } from './packages.mjs';
import { BootstrapError, log, runCommand } from './report.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

async function bootstrap() {
  const started = Date.now();
  const node = await bringNode(root);
  process.env.PATH = dirname(node.executable) + delimiter + process.env.PATH;
  await installPackages(root, node);
  const libtorch = await findLibtorch({ log });
  await buildNative({ root, libtorch, nodeInclude: node.include, log });
  await bringNatsServer(root);
  runCommand(node.executable, [join(root, 'tools', 'build.mjs')], { cwd: root });
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 5) log(`ready after ${seconds.toFixed(0)} s`);
  return node;
}

try {
  const node = await bootstrap();
  const then = process.argv.indexOf('--then');
  if (then > 0) {
    const [command, ...rest] = process.argv.slice(then + 1);
    const child = spawnSync(command === 'node' ? node.executable : command, rest, { cwd: root, stdio: 'inherit' });
    process.exitCode = child.status ?? 130;
  }
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  console.error(`bootstrap: ${error.message}`);
  process.exitCode = 1;
}
