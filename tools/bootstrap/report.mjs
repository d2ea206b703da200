// How the bootstrap talks and runs other programs.
import { spawnSync } from 'node:child_process';

/** Something a person can mend; the message says how. */
export class BootstrapError extends Error {}

export function log(message) {
  console.error(`bootstrap: ${message}`);
}

/** Runs a program to its end; its output is shown only when it fails. */
export function runCommand(command, args, options = {}) {
  const { hint, ...rest } = options;
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...rest });
  if (result.error?.code === 'ENOENT') throw new BootstrapError(`expected the program "${command}" on PATH; it was not found. ${hint ?? 'Install it and run the command again.'}`);
  if (result.error) throw result.error;
  if (result.status !== 0) {
    const tail = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
    throw new BootstrapError(`"${command} ${args.slice(0, 4).join(' ')} …" ended with ${result.status ?? result.signal}:\n${tail}${hint ? `\n${hint}` : ''}`);
  }
  return result.stdout ?? '';
}
