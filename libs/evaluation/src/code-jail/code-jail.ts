import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EvaluationError } from '../evaluation-error.js';

export interface JailLimits {
  /** Of computing, by each process. */
  readonly cpuSeconds: number;
  /** From beginning to end: for those who sleep. Many times the computing, so that a busy machine does not make right programs wrong. */
  readonly wallSeconds: number;
  /** The address space of each process. */
  readonly memoryBytes: number;
  /** Processes and threads together. */
  readonly processes: number;
  /** The largest file. */
  readonly fileBytes: number;
  /** All files together. */
  readonly scratchBytes: number;
}

/** How a program ended: run to its last line; with an exception or an exit before it; at a limit; or at a wall of the jail. */
export type JailVerdict = { readonly verdict: 'passed' } | { readonly verdict: 'failed' | 'timed-out' | 'out-of-memory' | 'forbidden'; readonly error: string };

type JailAnswer = JailVerdict | { readonly verdict: 'unavailable'; readonly error: string };

const mebibyte = 2 ** 20;
export const usualLimits: JailLimits = { cpuSeconds: 3, wallSeconds: 60, memoryBytes: 1024 * mebibyte, processes: 4, fileBytes: 8 * mebibyte, scratchBytes: 16 * mebibyte };

const script = fileURLToPath(new URL('jail.py', import.meta.url));
/** Beyond its own limits, for a machine that is busy: then the jail itself is broken. */
const patienceSeconds = 60;

/** What every jail has to hold back. It is tried once before a program is run. */
const escape = `
import os
for attempt in (lambda: __import__("socket").socket(), lambda: open("/usr/escaped", "w"), lambda: os.unshare(0x10000000) if hasattr(os, "unshare") else os.chroot("/")):
    try:
        attempt()
    except OSError:
        continue
    raise RuntimeError("a wall is missing")
assert not os.path.exists("/proc/1") and not os.path.exists("/home")
`;

/**
 * Runs Python programs that nobody has read, each in a process of its own that can only compute: no network, no file but those of Python (read only) and an
 * empty folder in memory, no environment, no other process in sight; time, memory, processes and files are limited. See jail.py.
 */
export class CodeJail {
  private constructor(private readonly python: string) {}

  /** `command` starts Python. @throws EvaluationError `code-jail-missing` where no jail can be made, with the reason: a program is never run without one. */
  static async open(command = 'python3'): Promise<CodeJail> {
    const { stdout: python } = await promisify(execFile)(command, ['-I', '-c', 'import sys; assert sys.version_info >= (3, 9); print(sys.executable)']).catch((cause: unknown) => {
      throw missing(`there is no ${command} of version 3.9 or newer (${String((cause as Error).message).split('\n')[0]})`, cause);
    });
    const jail = new CodeJail(python.trim());
    const tried = await jail.ask(escape, usualLimits);
    if (tried.verdict === 'passed') return jail;
    throw missing(tried.error);
  }

  /** @throws EvaluationError `code-jail-missing` where this one jail could not be made. */
  async run(program: string, limits: Partial<JailLimits> = {}): Promise<JailVerdict> {
    const answer = await this.ask(program, { ...usualLimits, ...limits });
    if (answer.verdict === 'unavailable') throw missing(answer.error);
    return answer;
  }

  private async ask(program: string, limits: JailLimits): Promise<JailAnswer> {
    // What is not given here is not there inside. Sets have the same order each time.
    const child = spawn(this.python, ['-s', '-B', script], { env: { PYTHONHASHSEED: '0' }, cwd: '/', stdio: 'pipe', timeout: (limits.wallSeconds + patienceSeconds) * 1000, killSignal: 'SIGKILL' });
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    // Half of a surrogate pair is no text in Python.
    child.stdin.on('error', () => undefined).end(JSON.stringify({ program: program.toWellFormed(), limits }));
    const [answer, problem, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code === 0 && answer !== '') return JSON.parse(answer) as JailAnswer;
    return { verdict: 'unavailable', error: problem.trim().split('\n').at(-1) || `it ended with code ${code}` };
  }
}

function missing(reason: string, cause?: unknown): EvaluationError {
  return new EvaluationError({
    message: `Generated code is run only in a jail, and none can be made here: ${reason}. It takes Linux 5.12 or newer with user namespaces and python3 (3.9 or newer). On Ubuntu 24: sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container: let the evaluator call unshare and mount (its seccomp and AppArmor profiles refuse them). Or leave out tasks that run code.`,
    code: 'code-jail-missing',
    facts: { reason },
    cause,
  });
}
