import { CommandError, UsageError } from '../errors.js';
import { homeFolder, installedVersion } from '../installation.js';
import { findLocalPlatform, readToken } from './local-platform.js';
import { PlatformClient } from './platform-client.js';
import { takenUpRuns } from './taken-up-runs.js';

/** What connecting tells the person who waits. */
export interface ConnectNotes {
  /** A platform is being started, which takes a moment. */
  starting(): void;
  started(): void;
  note(line: string): void;
}

/** The shared platform of TUNESMITH_URL, else the local one, which is started when it does not run. */
export async function connect(environment: NodeJS.ProcessEnv, notes: ConnectNotes): Promise<PlatformClient> {
  const shared = environment['TUNESMITH_URL'];
  if (shared) return new PlatformClient({ url: parseUrl(shared), token: sharedToken(environment), local: false });
  const home = homeFolder(environment);
  const running = await findLocalPlatform(home);
  let platform = running;
  if (!platform) {
    notes.starting();
    const { startPlatform } = await import('./start-platform.js');
    platform = await startPlatform(home, environment);
    notes.started();
  }
  const version = installedVersion();
  if (platform.version && platform.version !== version) {
    notes.note(`note: the platform that runs is version ${platform.version}, this command is ${version}; \`tunesmith down\` makes the next command start this version`);
  }
  const client = new PlatformClient({ url: new URL(platform.url), token: await readToken(home), local: true });
  if (!running) for (const line of await takenUpRuns(client)) notes.note(line);
  return client;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new UsageError(`TUNESMITH_URL: expected an http or https address; got "${text}"`, ['export TUNESMITH_URL=https://tunesmith.example.com']);
}

function sharedToken(environment: NodeJS.ProcessEnv): string {
  const token = environment['TUNESMITH_TOKEN'];
  if (token) return token;
  throw new CommandError({
    message: 'expected TUNESMITH_TOKEN beside TUNESMITH_URL; it is not set',
    code: 'token-missing',
    attempts: ['export TUNESMITH_TOKEN=$(cat FILE-WITH-THE-TOKEN)'],
  });
}
