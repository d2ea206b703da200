// A standalone platform on a home folder of its own, for a benchmark; stopped and removed at the end.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './figure.mjs';

/** Starts a platform, hands it to `body`, and stops and removes it whatever happens. */
export async function withFreshPlatform(body) {
  const platform = new FreshPlatform();
  try {
    return await body(platform);
  } finally {
    platform.remove();
  }
}

class FreshPlatform {
  constructor() {
    this.home = mkdtempSync(join(tmpdir(), 'tunesmith-bench-'));
    const { TUNESMITH_URL: _url, TUNESMITH_TOKEN: _token, ...inherited } = process.env;
    this.environment = { ...inherited, TUNESMITH_HOME: this.home, TUNESMITH_HTTP_PORT: '0' };
    const { pid, url } = this.tunesmith('up', '--detach');
    this.pid = pid;
    this.url = url;
    this.token = readFileSync(join(this.home, 'token'), 'utf8').trim();
  }

  /** Runs a command and returns its JSON document. */
  tunesmith(...words) {
    return JSON.parse(execFileSync(join(root, 'tunesmith'), [...words, '--json'], { env: this.environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  }

  /** Calls the HTTP API; returns the JSON answer. */
  async call(method, path, body) {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    const document = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${document.detail ?? answer.status}`);
    return document;
  }

  remove() {
    this.tunesmith('down');
    rmSync(this.home, { recursive: true, force: true });
  }
}
