// One side of a comparison: a process that answers each line of JSON on its standard input by a line of JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Side {
  #process;
  #lines;

  constructor(command, args, threads) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, OMP_NUM_THREADS: String(threads) } });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('a side of the comparison ended before its answer');
    return JSON.parse(value);
  }

  ask(request) {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  end() {
    this.#process.stdin.end();
  }
}
