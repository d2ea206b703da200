import type { ServiceName } from '@tunesmith/contracts';
import { existsSync } from 'node:fs';
import { availableParallelism, homedir, hostname, totalmem } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { EnvironmentReader, hidePassword, type Environment } from './environment-reader.js';
import type { ArtifactsConfig, DatabaseConfig, PlatformConfig } from './platform-config.js';

/** Names that belong to the command, to native, to the embedded platform, to the build and to tests. */
const readElsewhere = /^TUNESMITH_(URL|TOKEN|LIBTORCH|NATS_SERVER|PYTHON|DEBUG|NODE_.+|TEST_.+)$/;

const day = 24 * 60 * 60 * 1000;

/** Reads and checks the environment. Throws one `ConfigError` that names every bad name and value and what was expected. */
export function loadConfig(environment: Environment, service: ServiceName): PlatformConfig {
  // OpenTelemetry's rule: an empty variable is an unset one.
  const reader = new EnvironmentReader({ ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined });
  const home = resolve(reader.text('TUNESMITH_HOME', join(homedir(), '.tunesmith')));
  const instance = reader.text('TUNESMITH_INSTANCE');
  const port = reader.integer('TUNESMITH_HTTP_PORT', { least: 0, most: 65_535 });
  const host = reader.text('TUNESMITH_HTTP_HOST', '127.0.0.1');
  const leaseTime = reader.integer('TUNESMITH_JOB_LEASE_MS', { least: 500, most: day }, 60_000);
  const renewTime = reader.integer('TUNESMITH_JOB_RENEW_MS', { least: 50, most: day }, Math.round(leaseTime / 4));
  if (renewTime * 2 > leaseTime) reader.problem(`TUNESMITH_JOB_RENEW_MS: expected at most half of TUNESMITH_JOB_LEASE_MS (${leaseTime}), so that one renewal may fail; got "${renewTime}"`);
  const memory = reader.integer('TUNESMITH_WORKER_MEMORY', { least: 1 << 20, most: 2 ** 50 }, Math.floor(machineMemory() * 0.85));
  const preload = reader.text('TUNESMITH_WORKER_PRELOAD');
  if (preload !== undefined && !existsSync(preload)) reader.problem(`TUNESMITH_WORKER_PRELOAD: expected a library that exists; got "${preload}"`);
  const device = reader.text('TUNESMITH_DEVICE', 'cpu');
  if (!/^(cpu|cuda(:\d+)?)$/.test(device)) reader.problem(`TUNESMITH_DEVICE: expected cpu, cuda or cuda:INDEX; got "${device}"`);

  const config: PlatformConfig = {
    service,
    home,
    instance: { name: `${service}@${instance ?? `${hostname()}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`}`, fixed: instance !== undefined },
    nats: {
      url: reader.url('TUNESMITH_NATS_URL', ['nats:', 'tls:'], 'nats://127.0.0.1:4222').href,
      token: reader.text('TUNESMITH_NATS_TOKEN'),
      replicas: reader.integer('TUNESMITH_NATS_REPLICAS', { least: 1, most: 5 }, 1),
    },
    database: databaseConfig(reader, home),
    artifacts: artifactsConfig(reader, home),
    http: port === undefined ? null : { host, port },
    addresses: addressesConfig(reader),
    tokenFile: reader.text('TUNESMITH_TOKEN_FILE'),
    workers: {
      threads: reader.integer('TUNESMITH_WORKER_THREADS', { least: 1, most: 1024 }, availableParallelism()),
      memory,
      idleTime: reader.integer('TUNESMITH_WORKER_IDLE_MS', { least: 0, most: day }, 300_000),
      graceTime: reader.integer('TUNESMITH_WORKER_GRACE_MS', { least: 0, most: day }, 10_000),
      preload,
      device,
    },
    serving: {
      most: reader.integer('TUNESMITH_SERVE_REQUESTS', { least: 1, most: 10_000 }, 64),
      idleTime: reader.integer('TUNESMITH_SERVE_IDLE_MS', { least: 100, most: day }, 300_000),
      timeLimit: reader.integer('TUNESMITH_SERVE_TIMEOUT_MS', { least: 100, most: day }, 600_000),
    },
    jobs: {
      leaseTime,
      renewTime,
      attempts: reader.integer('TUNESMITH_JOB_ATTEMPTS', { least: 1, most: 100 }, 3),
      concurrency: reader.integer('TUNESMITH_JOB_CONCURRENCY', { least: 1, most: 1000 }, 2),
      backoffTime: reader.integer('TUNESMITH_JOB_BACKOFF_MS', { least: 0, most: day }, 5000),
      cancelTime: reader.integer('TUNESMITH_JOB_CANCEL_MS', { least: 0, most: day }, 30_000),
    },
    telemetry: { otlpEndpoint: reader.url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'])?.href.replace(/\/$/, '') },
  };
  reader.refuseUnknown('TUNESMITH_', readElsewhere);
  reader.finish();
  return config;
}

function databaseConfig(reader: EnvironmentReader, home: string): DatabaseConfig {
  const fallback: DatabaseConfig = { kind: 'sqlite', folder: join(home, 'database') };
  const value = reader.text('TUNESMITH_DATABASE_URL');
  if (value === undefined) return fallback;
  if (value.startsWith('sqlite:')) return { kind: 'sqlite', folder: folderOf(reader, 'TUNESMITH_DATABASE_URL', value.slice('sqlite:'.length)) };
  if (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return { kind: 'postgres', url: value };
  reader.problem(`TUNESMITH_DATABASE_URL: expected sqlite:FOLDER or postgres://USER:PASSWORD@HOST:PORT/DATABASE; got "${hidePassword(value)}"`);
  return fallback;
}

function artifactsConfig(reader: EnvironmentReader, home: string): ArtifactsConfig {
  const fallback: ArtifactsConfig = { kind: 'file', folder: join(home, 'artifacts') };
  const accessKey = reader.text('TUNESMITH_S3_ACCESS_KEY');
  const secretKey = reader.text('TUNESMITH_S3_SECRET_KEY');
  const value = reader.text('TUNESMITH_ARTIFACTS');
  if (value === undefined) return fallback;
  if (value.startsWith('file:')) return { kind: 'file', folder: folderOf(reader, 'TUNESMITH_ARTIFACTS', value.slice('file:'.length).replace(/^\/\/(?=\/)/, '')) };
  const expected = 's3://BUCKET[/PREFIX]?endpoint=http://HOST:PORT[&region=NAME]';
  if (!value.startsWith('s3://') || !URL.canParse(value)) {
    reader.problem(`TUNESMITH_ARTIFACTS: expected file:FOLDER or ${expected}; got "${value}"`);
    return fallback;
  }
  const url = new URL(value);
  for (const name of url.searchParams.keys()) {
    if (name !== 'endpoint' && name !== 'region') reader.problem(`TUNESMITH_ARTIFACTS: unknown parameter "${name}"; known are endpoint, region`);
  }
  const endpoint = url.searchParams.get('endpoint');
  if (!url.hostname || !endpoint || !/^https?:\/\/./.test(endpoint) || !URL.canParse(endpoint)) {
    reader.problem(`TUNESMITH_ARTIFACTS: expected ${expected}; got "${value}"`);
    return fallback;
  }
  if (accessKey === undefined) reader.problem('TUNESMITH_S3_ACCESS_KEY: expected the access key of the S3 store that TUNESMITH_ARTIFACTS names; it is not set');
  if (secretKey === undefined) reader.problem('TUNESMITH_S3_SECRET_KEY: expected the secret key of the S3 store that TUNESMITH_ARTIFACTS names; it is not set');
  const server = new URL(endpoint);
  const secure = server.protocol === 'https:';
  return {
    kind: 's3', bucket: url.hostname, prefix: url.pathname.replace(/^\/+|\/+$/g, ''), host: server.hostname,
    port: server.port ? Number(server.port) : secure ? 443 : 80, secure, region: url.searchParams.get('region') ?? 'us-east-1',
    accessKey: accessKey ?? '', secretKey: secretKey ?? '',
  };
}

function addressesConfig(reader: EnvironmentReader): PlatformConfig['addresses'] {
  const allowed = reader.text('TUNESMITH_DATASET_ADDRESSES', 'public');
  if (allowed !== 'public' && allowed !== 'public-and-loopback') reader.problem(`TUNESMITH_DATASET_ADDRESSES: expected public or public-and-loopback; got "${allowed}"`);
  const endpoint = reader.url('TUNESMITH_DATASET_S3_ENDPOINT', ['https:', 'http:']);
  const server = endpoint ?? new URL('https://s3.amazonaws.com');
  const secure = server.protocol === 'https:';
  const [accessKey, secretKey] = [reader.text('TUNESMITH_DATASET_S3_ACCESS_KEY'), reader.text('TUNESMITH_DATASET_S3_SECRET_KEY')];
  if ((accessKey === undefined) !== (secretKey === undefined)) reader.problem('TUNESMITH_DATASET_S3_ACCESS_KEY and TUNESMITH_DATASET_S3_SECRET_KEY: expected both or none; only one is set');
  return {
    allowed: allowed === 'public-and-loopback' ? allowed : 'public',
    s3: { host: server.hostname, port: server.port ? Number(server.port) : secure ? 443 : 80, secure, region: reader.text('TUNESMITH_DATASET_S3_REGION', 'us-east-1'), accessKey, secretKey, trusted: endpoint !== undefined },
  };
}

function folderOf(reader: EnvironmentReader, name: string, folder: string): string {
  if (!isAbsolute(folder)) reader.problem(`${name}: expected an absolute folder after the colon; got "${folder}"`);
  return resolve(folder);
}

/** Bytes that this process may use: the limit of its control group where there is one. */
function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
