import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { findProgram, MissingServerError, ServerProcess } from './server-process.js';
import { temporaryFolder } from './temporary-folder.js';

/** The last state of MinIO's community edition that the Go module proxy serves (2026-02-12). */
export const minioVersion = 'v0.0.0-20260212201848-7aac2a2c5b7c';

export interface MinioServer extends AsyncDisposable {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly pid: number;
  /** Value of TUNESMITH_ARTIFACTS for a bucket of this server. */
  artifacts(bucket: string): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A real MinIO: `TUNESMITH_TEST_MINIO`, else one on PATH, else built once from its Go module (minutes) into the user's cache. */
export async function startMinio(): Promise<MinioServer> {
  const program = findMinio() ?? buildMinio();
  const folder = await temporaryFolder('minio');
  const port = await freePort();
  const [accessKey, secretKey] = ['tunesmith', crypto.randomUUID()];
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await ServerProcess.start({
    name: 'minio', program, args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder.path, 'data')],
    environment: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off', HOME: folder.path, GOMAXPROCS: '2' },
    ready: async () => (await fetch(`${endpoint}/minio/health/ready`)).ok,
  });
  return {
    endpoint, accessKey, secretKey,
    pid: server.pid,
    artifacts: (bucket) => `s3://${bucket}?endpoint=${endpoint}`,
    stop: (signal = 'SIGTERM') => server.stop(signal),
    [Symbol.asyncDispose]: async () => {
      await server.stop('SIGKILL');
      await folder.remove();
    },
  };
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tunesmith', 'servers');
}

/** A MinIO that is already on this machine. */
export function findMinio(): string | undefined {
  const given = process.env['TUNESMITH_TEST_MINIO'];
  if (given !== undefined && !existsSync(given)) throw new MissingServerError(`TUNESMITH_TEST_MINIO: expected a program; got "${given}"`);
  return given ?? findProgram('minio', join(cacheFolder(), `minio-${minioVersion}`));
}

/** Builds MinIO with the Go toolchain; the result appears in the cache only when it is complete. */
export function buildMinio(): string {
  const go = findProgram('go', '/usr/local/go/bin/go');
  if (!go) throw new MissingServerError('expected minio on PATH, or go to build it; install Go, or set TUNESMITH_TEST_MINIO to a minio program');
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const built = spawnSync(go, ['install', '-p', '2', '-trimpath', '-ldflags', '-s -w', `github.com/minio/minio@${minioVersion}`], {
      cwd: scratch, encoding: 'utf8', env: { ...process.env, GOBIN: scratch, GOTOOLCHAIN: 'auto', CGO_ENABLED: '0' },
    });
    if (built.status !== 0) throw new MissingServerError(`building minio ${minioVersion} with ${go} failed: ${built.error?.message ?? ''}${built.stderr}`);
    const target = join(cache, `minio-${minioVersion}`);
    renameSync(join(scratch, 'minio'), target);
    return target;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
