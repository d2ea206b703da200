import { connect } from './client/connect.js';
import { isAlive, readPlatformFile } from './client/local-platform.js';
import type { PlatformClient } from './client/platform-client.js';
import { homeFolder } from './installation.js';
import type { Interrupts } from './interrupts.js';
import { ProgressDisplay } from './terminal/progress-display.js';
import type { Terminal } from './terminal/terminal.js';

/** What a command works with: the terminal, Ctrl-C, and the platform once it is asked for. */
export class Session {
  private connected: Promise<PlatformClient> | undefined;

  constructor(
    readonly terminal: Terminal,
    readonly interrupts: Interrupts,
    readonly environment: NodeJS.ProcessEnv,
    /** True with `--json`: stdout carries one JSON document and nothing else. */
    readonly json: boolean,
  ) {}

  /** The platform; a local one is started when none runs. */
  platform(): Promise<PlatformClient> {
    return (this.connected ??= this.connect());
  }

  /**
   * After a connection broke: looks where the platform is now. A local one that was killed is started again, on another port; one that was
   * stopped on purpose is left alone.
   */
  async connectAgain(): Promise<void> {
    const before = await this.platform();
    const file = before.local ? await readPlatformFile(homeFolder(this.environment)) : undefined;
    // One that is alive at the same address may only be slow to answer.
    if (file && (!isAlive(file.pid) || new URL(file.url).origin !== before.address.url.origin)) this.connected = this.connect();
    await this.platform();
  }

  private async connect(): Promise<PlatformClient> {
    const display = new ProgressDisplay(this.terminal);
    try {
      return await connect(this.environment, {
        starting: () => display.wait('starting the platform'),
        started: () => display.stop(),
        note: (line) => this.terminal.note(line),
      });
    } finally {
      display.stop();
    }
  }
}
