import { spawnSync } from 'node:child_process';
import { chown, mkdir } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { findProgram, MissingServerError, ServerProcess } from './server-process.js';
import { temporaryFolder } from './temporary-folder.js';

export interface PostgresServer extends AsyncDisposable {
  /** postgres://…, a superuser's; the database is empty. */
  readonly url: string;
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Kills it if it still runs, and starts it on the same data and port. */
  startAgain(): Promise<void>;
}

/** A real PostgreSQL with a cluster of its own. As root it runs as an unprivileged user, because it refuses to run as root. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = findPostgres();
  const folder = await temporaryFolder('postgres');
  const port = await freePort();
  const identity: { uid?: number; gid?: number } = process.getuid?.() === 0 ? unprivilegedUser() : {};
  const data = join(folder.path, 'data');
  await mkdir(data);
  if (identity.uid !== undefined && identity.gid !== undefined) {
    await chown(folder.path, identity.uid, identity.gid);
    await chown(data, identity.uid, identity.gid);
  }
  const options = { cwd: folder.path, env: { ...process.env, LC_ALL: 'C' }, ...identity };
  const made = spawnSync(programs.initdb, ['--pgdata', data, '--username', 'tunesmith', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync'], { ...options, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? ''}${made.stdout}${made.stderr}`);
  const isReady = () => Promise.resolve(spawnSync(programs.isReady, ['--host', '127.0.0.1', '--port', String(port), '--username', 'tunesmith', '--dbname', 'postgres']).status === 0);
  const run = () => ServerProcess.start({
    name: 'postgres', program: programs.postgres, cwd: folder.path, environment: { LC_ALL: 'C' }, ...identity, ready: isReady,
    args: ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder.path}`, '-c', 'max_connections=200', '-c', 'shared_buffers=32MB'],
  });
  let server = await run();
  return {
    url: `postgres://tunesmith@127.0.0.1:${port}/postgres`,
    get pid() {
      return server.pid;
    },
    stop: (signal = 'SIGINT') => server.stop(signal),
    startAgain: async () => {
      await server.stop('SIGQUIT');
      server = await run();
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop('SIGQUIT');
      await folder.remove();
    },
  };
}

function findPostgres(): { initdb: string; postgres: string; isReady: string } {
  const versions = '/usr/lib/postgresql';
  const folders = [...listFolder(versions)].sort((left, right) => Number(right) - Number(left)).map((version) => join(versions, version, 'bin'));
  const find = (name: string): string => {
    const program = findProgram(name, ...folders.map((folder) => join(folder, name)));
    if (!program) throw new MissingServerError(`expected ${name} of PostgreSQL in ${versions}/*/bin or on PATH; install the package postgresql`);
    return program;
  };
  return { initdb: find('initdb'), postgres: find('postgres'), isReady: find('pg_isready') };
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function unprivilegedUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) throw new MissingServerError('expected a user named postgres or nobody to run PostgreSQL as; run the tests as an ordinary user instead');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
