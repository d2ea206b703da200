import { spawn } from 'node:child_process';
import { installationRoot } from '../installation.js';
import { join } from 'node:path';

export interface FinishedCommand {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  /** Resolves when stderr has this text; rejects where the command ends without it. */
  saw(text: string): Promise<void>;
  interrupt(): void;
  readonly finished: Promise<FinishedCommand>;
}

export interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly folder?: string;
}

/** Starts the built command as a person would, through the launcher. */
export function startCommand(words: readonly string[], { environment = {}, input = '', folder = installationRoot }: CommandOptions = {}): RunningCommand {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TUNESMITH_') && name !== 'NODE_OPTIONS'));
  const child = spawn(join(installationRoot, 'tunesmith'), words, { cwd: folder, env: { ...inherited, ...environment } });
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  const waiting: { text: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const { text, resolve } of waiting) if (stderr.includes(text)) resolve();
  });
  return {
    saw: (text) => new Promise((resolve, reject) => (stderr.includes(text) ? resolve() : waiting.push({ text, resolve, reject }))),
    interrupt: () => child.kill('SIGINT'),
    finished: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        for (const { text, reject: giveUp } of waiting) giveUp(new Error(`expected "${text}" on stderr; the command ended (${code}): ${stderr}`));
        resolve({ code, stdout, stderr });
      });
    }),
  };
}

export function runCommand(words: readonly string[], options: CommandOptions = {}): Promise<FinishedCommand> {
  return startCommand(words, options).finished;
}
