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

  /** Runs a command and returns its JSON document; what it says on the way is shown. */
  json(...words) {
    return this.#document(words, { show: true });
  }

  /** The same without a word, unless it fails. */
  quiet(...words) {
    return this.#document(words, { show: false });
  }

  /** The same for a command whose document also matters when its answer is bad news (exit code 1). */
  outcome(...words) {
    return this.#document(words, { show: true, worst: 1 });
  }

  /** The text that a person gets to read. */
  async text(...words) {
    return (await this.#run(words, { show: false })).trimEnd();
  }

  async #document(words, how) {
    return JSON.parse(await this.#run([...words, '--json'], how));
  }

  #run(words, { show, worst = 0 }) {
    return new Promise((resolve, reject) => {
      const child = spawn(join(root, 'tunesmith'), words, { env: this.#environment, stdio: ['ignore', 'pipe', show ? 'inherit' : 'pipe'] });
      let output = '';
      let messages = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.stderr?.on('data', (chunk) => (messages += chunk));
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code !== null && code <= worst) resolve(output);
        else reject(new Error(`tunesmith ${words.slice(0, 2).join(' ')} ended with ${code ?? signal}${messages ? `:\n${messages.trim()}` : '; its words are above'}`));
      });
    });
  }
}
