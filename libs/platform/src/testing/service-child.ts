import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts `service-process` in `mode` and waits until it listens, or was killed by the very first event. */
export async function startServiceProcess(mode: 'die-before-commit' | 'die-after-commit' | 'hang', log: string, environment: Record<string, string>): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../../dist/testing/service-process.js', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, mode, log], { env: { ...process.env, NODE_OPTIONS: '', ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit').then(([code, signal]) => {
    if (signal !== 'SIGKILL') throw new Error(`the service ended before it listened: ${code ?? signal}`);
  });
  await Promise.race([once(child.stdout, 'data'), exited]);
  exited.catch(() => undefined);
  return child;
}
