import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '@tunesmith/tests-support';

/** The built `tunesmith`. */
export const commandFile = join(repositoryRoot, 'libs/cli/dist/main.js');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `tunesmith` as a user would, with `--json`, and returns its document; any exit code but 0 is an error with its messages. */
export async function tunesmith<Document = Record<string, never>>(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Document> {
  const { code, stdout, stderr } = await tunesmithResult(environment, ...args, '--json');
  if (code !== 0) throw new Error(`tunesmith ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  return JSON.parse(stdout) as Document;
}

export function tunesmithResult(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [commandFile, ...args], { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr }),
    );
  });
}
