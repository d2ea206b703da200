// Calls the real `tunesmith` command, as a person would.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export class CommandLine {
  #environment;

  constructor(home) {
    const { TUNESMITH_URL: _url, TUNESMITH_TOKEN: _token, ...inherited } = process.env;
    // Any free port: the demo must not meet a platform of the same person.
    this.#environment = { ...inherited, TUNESMITH_HOME: home, TUNESMITH_HTTP_PORT: '0' };
  }

  /** Runs a command; what it says on the way is shown. Returns its JSON document; throws when it fails. */
  async json(...words) {
    const { code, output } = await this.#run([...words, '--json'], true);
    if (code === 0) return JSON.parse(output);
    throw new Error(`tunesmith ${words.slice(0, 2).join(' ')} ended with ${code}; its words are above`);
  }

  /** The same, for a command whose document also matters when it ends with 1. */
  async document(...words) {
    const { code, output } = await this.#run([...words, '--json'], true);
    if (code > 1) throw new Error(`tunesmith ${words.slice(0, 2).join(' ')} ended with ${code}; its words are above`);
    return JSON.parse(output);
  }

  /** The text that a person gets to read. */
  async text(...words) {
    const { code, output } = await this.#run(words, false);
    if (code !== 0) throw new Error(`tunesmith ${words.slice(0, 2).join(' ')} ended with ${code}; its words are above`);
    return output.trimEnd();
  }

  #run(words, loud) {
    return new Promise((resolve, reject) => {
      const child = spawn(join(root, 'tunesmith'), words, { env: this.#environment, stdio: ['ignore', 'pipe', loud ? 'inherit' : 'ignore'] });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), output }));
    });
  }
}
