import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(environment, 'trainer');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('expected a ConfigError');
};

describe('loadConfig', () => {
  it('has defaults under the home folder', () => {
    const config = loadConfig({ TUNESMITH_HOME: '/srv/tunesmith' }, 'trainer');
    expect(config.database).toEqual({ kind: 'sqlite', folder: '/srv/tunesmith/database' });
    expect(config.artifacts).toEqual({ kind: 'file', folder: '/srv/tunesmith/artifacts' });
    expect(config.jobs).toMatchObject({ leaseTime: 60_000, renewTime: 15_000, attempts: 3 });
    expect(config.http).toBeNull();
    expect(config.instance.fixed).toBe(false);
    expect(config.instance.name).toMatch(/^trainer@/);
  });

  it('reads every setting', () => {
    const preload = join(mkdtempSync(join(tmpdir(), 'tunesmith-')), 'library.so');
    writeFileSync(preload, '');
    const config = loadConfig(
      {
        TUNESMITH_HOME: '/h', TUNESMITH_NATS_URL: 'nats://10.0.0.1:4333', TUNESMITH_NATS_REPLICAS: '3', TUNESMITH_DATABASE_URL: 'postgres://u:p@db:5432/t',
        TUNESMITH_ARTIFACTS: 's3://models/tunesmith?endpoint=http://store:9000&region=eu', TUNESMITH_S3_ACCESS_KEY: 'a', TUNESMITH_S3_SECRET_KEY: 's',
        TUNESMITH_HTTP_PORT: '0', TUNESMITH_TOKEN_FILE: '/h/token', TUNESMITH_WORKER_THREADS: '2', TUNESMITH_JOB_LEASE_MS: '2000', TUNESMITH_INSTANCE: 'embedded',
        TUNESMITH_WORKER_PRELOAD: preload, TUNESMITH_DEVICE: 'cuda:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
      },
      'merger',
    );
    expect(config.nats).toEqual({ url: 'nats://10.0.0.1:4333', token: undefined, replicas: 3 });
    expect(config.database).toEqual({ kind: 'postgres', url: 'postgres://u:p@db:5432/t' });
    expect(config.artifacts).toEqual({ kind: 's3', bucket: 'models', prefix: 'tunesmith', host: 'store', port: 9000, secure: false, region: 'eu', accessKey: 'a', secretKey: 's' });
    expect(config.http).toEqual({ host: '127.0.0.1', port: 0 });
    expect(config.jobs).toMatchObject({ leaseTime: 2000, renewTime: 500 });
    expect(config.instance).toEqual({ name: 'merger@embedded', fixed: true });
    expect(config.workers).toMatchObject({ threads: 2, preload, device: 'cuda:1' });
    expect(config.telemetry.otlpEndpoint).toBe('http://collector:4318');
  });

  it('names every bad name and value in one error', () => {
    const problems = problemsOf({
      TUNESMITH_NATS_URL: 'http://x', TUNESMITH_DATABASE_URL: 'mysql://u:secret@h/d', TUNESMITH_ARTIFACTS: 's3://bucket', TUNESMITH_HTTP_PORT: '80000',
      TUNESMITH_WORKER_THREADS: 'two', TUNESMITH_JOB_LEASE_MS: '1000', TUNESMITH_JOB_RENEW_MS: '900', TUNESMITH_HOEM: '/x', TUNESMITH_TOKEN_FILE: '',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', TUNESMITH_WORKER_PRELOAD: '/no/such.so',
    });
    const text = problems.join('\n');
    expect(problems).toHaveLength(10);
    expect(text).toContain('TUNESMITH_NATS_URL: expected nats://… or tls://…; got "http://x"');
    expect(text).toContain('TUNESMITH_HTTP_PORT: expected a whole number from 0 to 65535; got "80000"');
    expect(text).toContain('TUNESMITH_HOEM: unknown name; did you mean TUNESMITH_HOME?');
    expect(text).toContain('TUNESMITH_TOKEN_FILE: expected a value; it is empty');
    expect(text).toContain('OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL');
    expect(text).not.toContain('secret');
  });

  it('wants the keys of an S3 store', () => {
    expect(problemsOf({ TUNESMITH_ARTIFACTS: 's3://b?endpoint=http://h:1&acl=public' })).toEqual([
      'TUNESMITH_ARTIFACTS: unknown parameter "acl"; known are endpoint, region',
      expect.stringContaining('TUNESMITH_S3_ACCESS_KEY'),
      expect.stringContaining('TUNESMITH_S3_SECRET_KEY'),
    ]);
  });

  it('leaves names alone that other programs read', () => {
    expect(loadConfig({ TUNESMITH_URL: 'http://localhost', TUNESMITH_LIBTORCH: '/l' }, 'registry').service).toBe('registry');
  });
});
