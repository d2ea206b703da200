import { defineCommand } from '../command.js';
import { CommandError, InterruptedError, UsageError } from '../errors.js';
import { homeFolder } from '../installation.js';
import { count } from '../options.js';
import type { Session } from '../session.js';
import { findLocalPlatform, type PlatformFile } from '../client/local-platform.js';
import { takenUpRuns } from '../client/taken-up-runs.js';
import { startForegroundPlatform, startPlatform, waitUntilReady } from '../client/start-platform.js';
import { ProgressDisplay } from '../terminal/progress-display.js';

interface Options {
  readonly detach?: true;
  readonly port?: number;
}

export const up = defineCommand<[], Options>({
  configure(command) {
    command
      .option('--detach', 'start it in the background and return when it is ready; also where it runs already')
      .option('--port <number>', 'the HTTP port on 127.0.0.1', count)
      .addHelpText('after', '\nState is kept under $TUNESMITH_HOME (default ~/.tunesmith). Ctrl-C stops the platform; work that was going on is taken up again at the next start.');
  },

  async run({ options }, session) {
    if (options.port !== undefined && options.port > 65_535) throw new UsageError(`--port: expected a number up to 65535; got ${options.port}`);
    const home = homeFolder(session.environment);
    const environment = { ...session.environment, ...(options.port === undefined ? {} : { TUNESMITH_HTTP_PORT: String(options.port) }) };
    const running = await findLocalPlatform(home);
    if (running && options.detach) return { document: { ...running, home }, lines: describe(running, home) };
    if (running) {
      throw new CommandError({ message: `expected no platform on ${home}; process ${running.pid} serves it at ${running.url}`, code: 'already-running', attempts: ['tunesmith down', 'set TUNESMITH_HOME to another folder'], facts: { ...running } });
    }
    return options.detach ? startInBackground(session, home, environment) : stayInForeground(session, home, environment);
  },
});

async function startInBackground(session: Session, home: string, environment: NodeJS.ProcessEnv) {
  const display = new ProgressDisplay(session.terminal);
  try {
    display.wait('starting the platform');
    const platform = await startPlatform(home, environment);
    return { document: { ...platform, home }, lines: await describeStarted(session, platform, home) };
  } finally {
    display.stop();
  }
}

async function stayInForeground(session: Session, home: string, environment: NodeJS.ProcessEnv) {
  const child = startForegroundPlatform(home, environment);
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    child.kill('SIGTERM');
  };
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  return session.interrupts.during(stop, async () => {
    const platform = await waitUntilReady(child, home);
    if (platform && platform.pid === child.pid) for (const line of await describeStarted(session, platform, home)) session.terminal.note(line);
    await ended;
    if (stopping) throw new InterruptedError('the platform has stopped');
    throw new CommandError({ message: `expected the platform to run until Ctrl-C; it ended (${child.exitCode ?? child.signalCode}), its last words are above`, code: 'platform-ended', attempts: ['tunesmith doctor'] });
  });
}

function describe(platform: PlatformFile, home: string): string[] {
  return [`the platform serves ${platform.url} (process ${platform.pid}, version ${platform.version}, home ${home})`];
}

async function describeStarted(session: Session, platform: PlatformFile, home: string): Promise<string[]> {
  return [...describe(platform, home), ...(await takenUpRuns(await session.platform()))];
}
